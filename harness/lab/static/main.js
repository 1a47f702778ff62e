// The page: what is told goes to its part, views and keys.
import { byId, complain } from "./dom.js";
import { onTick, setClock } from "./clock.js";
import { follow } from "./stream.js";
import { Story } from "./story.js";
import { openSheet, wireSheet } from "./details.js";
import { addToken, clearTokens, showGrants } from "./panels.js";
import { back, forward, openApproval, restart, showSteps, showTour, wireTour } from "./tour.js";
import { showNames, wireFree } from "./free.js";
import * as bench from "./bench.js";
import * as table from "./table.js";
import { wireSaved } from "./saved.js";

const VIEWS = ["flow", "attacks", "saved"];

const flow = new Story(byId("flow-story"), {
  always: ["browser", "agent", "seer", "server"], empty: "Nothing was sent yet. Begin the tour, or do a step of your own.", notes: false, open: openSheet,
});

// -- what is told

function takeFlow(kind, data) {
  if (kind === "state") {
    setClock(data.clock);
    showTour(data);
    showSteps();
    showGrants(data.grants);
    showNames(data.names);
    return;
  }
  if (kind === "begin") clearTokens();
  if (kind === "item" && data.item.token) addToken(data.item.token);
  flow.take(kind, data);
}

function take({ topic, kind, data }) {
  if (topic === "flow") takeFlow(kind, data);
  else if (topic === "bench") bench.take(kind, data);
  else if (topic === "prove") table.take(kind, data);
}

function showLine(word) {
  const line = byId("line");
  line.textContent = word;
  line.className = word;
}

// -- views

function showView() {
  const asked = location.hash.slice(1);
  const view = VIEWS.includes(asked) ? asked : asked ? null : "flow";
  // Other addresses are places within a view.
  if (!view) return;
  for (const name of VIEWS) {
    byId(`view-${name}`).hidden = name !== view;
    if (name === view) byId(`to-${name}`).setAttribute("aria-current", "page");
    else byId(`to-${name}`).removeAttribute("aria-current");
  }
  if (view === "attacks") bench.load();
}

// -- keys

const KEYS = {
  n: forward, ArrowRight: forward, b: back, ArrowLeft: back, r: restart, a: openApproval,
  s: () => byId("save").click(),
  1: () => { location.hash = "#flow"; }, 2: () => { location.hash = "#attacks"; }, 3: () => { location.hash = "#saved"; },
  "?": () => byId("keys").showModal(),
};
const OF_FLOW = new Set(["n", "ArrowRight", "b", "ArrowLeft", "r", "a", "s"]);

function press(event) {
  const key = KEYS[event.key];
  if (!key || event.ctrlKey || event.altKey || event.metaKey || event.repeat || document.querySelector("dialog[open]")) return;
  // Who writes, chooses or scrolls means that.
  if (event.target.closest("input, textarea, select, table")) return;
  if (event.key.startsWith("Arrow") && event.target.closest("[tabindex='0']")) return;
  if (OF_FLOW.has(event.key) && byId("view-flow").hidden) return;
  event.preventDefault();
  key();
}

addEventListener("hashchange", showView);
addEventListener("keydown", press);
byId("dismiss").addEventListener("click", () => complain([]));
byId("help").addEventListener("click", () => byId("keys").showModal());
onTick((at) => {
  const text = new Date(at).toISOString();
  byId("clock").dateTime = text;
  byId("clock").textContent = `${text.slice(11, 19)} UTC`;
});
wireSheet();
wireTour();
bench.wireBench();
table.wireProof();
wireSaved();
clearTokens();
showView();
wireFree().then(() => follow({
  fresh: () => {
    flow.clear();
    bench.forget();
    clearTokens();
  },
  clock: setClock,
  message: take,
  line: showLine,
}));
