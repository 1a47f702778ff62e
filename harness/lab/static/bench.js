// The attack bench: find an attack, choose what is weak, run it, and see whether it is held.
import { byId, listTerms, make, plural, tell } from "./dom.js";
import { get, post } from "./api.js";
import { Story } from "./story.js";
import { openSheet } from "./details.js";

const ORDER = ["critical", "high", "medium", "low"];
const WORDS = {
  held: "The defence held", broken: "The attack broke through", inconclusive: "It could not be judged",
};

let catalogue = null;
let attack = null;
let story = null;
let loading = null;

export async function load() {
  loading ||= get("/api/attacks");
  catalogue = await loading;
  if (!catalogue) {
    loading = null;
    return;
  }
  const fill = (id, values) => {
    if (byId(id).options.length === 1) byId(id).append(...values.map((value) => make("option", {}, value)));
  };
  fill("category", [...new Set(catalogue.attacks.map((one) => one.category))].sort());
  fill("severity", ORDER.filter((word) => catalogue.attacks.some((one) => one.severity === word)));
  list();
}

// -- finding one

export function listed() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [category, severity] = [byId("category").value, byId("severity").value];
  const fits = (one) => {
    const text = `${one.id} ${one.title} ${one.note} ${one["breaks on"].join(" ")}`.toLowerCase();
    return (!category || one.category === category) && (!severity || one.severity === severity)
      && words.every((word) => text.includes(word));
  };
  return catalogue ? catalogue.attacks.filter(fits) : [];
}

function list() {
  const found = listed();
  byId("found").textContent = `${found.length} of ${catalogue.attacks.length}`;
  const some = found.length > 0 && found.length < catalogue.attacks.length;
  byId("prove-listed").textContent = some ? `Play the table of the ${plural(found.length, "attack")} listed`
    : "Play the table of the attacks listed";
  byId("prove-listed").disabled = !some;
  byId("attacks").replaceChildren(...found.map((one) => make("li", {}, make("button", {
    type: "button", "aria-pressed": String(attack === one), onclick: () => choose(one.id),
  }, make("b", {}, one.title), make("span", { class: "where" }, make("span", { class: `severity ${one.severity}` }, one.severity), ` ${one.category}`)))));
}

// -- one attack

function weaknessBox(weakness, checked) {
  return make("label", { class: "option" }, make("input", { type: "checkbox", name: "weakness", value: weakness.id, checked }),
    make("span", {}, make("b", {}, weakness.title), " ", make("code", {}, weakness.id)));
}

export function choose(id, weaknesses = null) {
  attack = catalogue.attacks.find((one) => one.id === id);
  if (!attack) return;
  for (const button of byId("attacks").querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
  list();
  const own = attack["breaks on"];
  const on = weaknesses || own.slice(0, 1);
  const known = new Map(catalogue.weaknesses.map((one) => [one.id, one]));
  const first = own.filter((name) => known.has(name)).map((name) => weaknessBox(known.get(name), on.includes(name)));
  const others = catalogue.weaknesses.filter((one) => !own.includes(one.id))
    .map((one) => weaknessBox(one, on.includes(one.id)));
  byId("bench-title").textContent = attack.title;
  const more = make("details", { open: on.some((name) => !own.includes(name)) },
    make("summary", {}, plural(others.length, "other weakness").replace("weaknesss", "weaknesses")),
    make("div", { class: "others", tabindex: "0", role: "group", "aria-label": "Other weaknesses" }, others));
  byId("bench").replaceChildren(
    attack.note ? make("p", { class: "remark" }, attack.note) : "",
    listTerms([["severity", attack.severity, attack.category], ["attacker holds", attack.attacker.join(", ")],
      ["source", `${attack.source}; CWE-${attack.cwe}`]]),
    make("form", { id: "weak", onsubmit: submit },
      make("fieldset", {}, make("legend", {}, "Switched on: what is weak in the mock"),
        first, more),
      make("div", { class: "buttons" }, make("button", { class: "first", id: "run" }, "Run the attack"),
        make("button", { type: "button", id: "run-sound", onclick: () => run([]) }, "Run on the sound server"))));
  byId("verdict").replaceChildren();
  story.clear();
}

function submit(event) {
  event.preventDefault();
  run([...byId("weak").querySelectorAll("input:checked")].map((box) => box.value));
}

async function run(weaknesses) {
  for (const box of byId("weak").querySelectorAll("input")) box.checked = weaknesses.includes(box.value);
  await post("/api/attack", { attack: attack.id, weaknesses });
}

// A cell of the table: that attack on that weakness.
export async function runCell(id, weakness) {
  await load();
  choose(id, weakness ? [weakness] : []);
  byId("bench-title").scrollIntoView({ block: "start" });
  byId("bench-title").focus({ preventScroll: true });
  await run(weakness ? [weakness] : []);
}

// -- what is told

let weak = [];
// One after another, though the catalogue may have to be fetched in between.
let queue = Promise.resolve();

export function take(kind, data) {
  queue = queue.then(() => show(kind, data));
}

async function show(kind, data) {
  if (kind === "begin") {
    weak = data.weaknesses;
    // A page that comes later shows what is being played too.
    if (!attack || attack.id !== data.attack) {
      story.take(kind, data);
      await load();
      choose(data.attack, data.weaknesses);
      return;
    }
    byId("verdict").replaceChildren(make("p", { class: "running" }, "running …"));
  }
  if (kind === "ended") showVerdict(data);
  else if (kind === "failed") byId("verdict").replaceChildren(make("p", { class: "trouble" }, data.reason));
  else story.take(kind, data);
}

function showVerdict({ verdict, outcome, reason, failed }) {
  const word = verdict || outcome;
  const where = weak.length ? `with ${weak.join(", ")} switched on` : "on the sound server";
  byId("verdict").replaceChildren(make("div", { class: `verdict ${word}` },
    make("p", { class: "word" }, word), make("div", {}, make("p", {}, make("b", {}, WORDS[word] || word), ` ${where}.`),
      reason ? make("p", {}, reason) : make("p", {}, "Every step went as expected, and the honest control worked."),
      failed.length ? make("ul", { class: "why" }, failed.map((check) => make("li", {}, make("b", {}, check.name),
        ": expected ", make("code", {}, check.expected), check.came ? [", came ", make("code", {}, check.came)] : ""))) : "")));
  tell(`${word}: ${WORDS[word] || ""} ${where}. ${reason}`);
}

export function forget() {
  queue = queue.then(() => {
    byId("verdict").replaceChildren();
    story.clear();
  });
}

export function wireBench() {
  story = new Story(byId("bench-story"), { empty: "Run it to see who sends what to whom.", open: openSheet });
  byId("find").addEventListener("submit", (event) => event.preventDefault());
  byId("find").addEventListener("input", () => { if (catalogue) list(); });
}
