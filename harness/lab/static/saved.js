// A report that was saved, opened again: the same lanes, the same details.
import { byId, make, plural, tell } from "./dom.js";
import { get, post } from "./api.js";
import { Story } from "./story.js";
import { openSheet } from "./details.js";

let story = null;

async function open(file) {
  const answer = await post("/api/opened", { text: await file.text() });
  const list = byId("opened");
  byId("saved-panel").hidden = true;
  list.hidden = !answer || !answer.scenarios.length;
  if (!answer) return;
  if (answer.proof) {
    location.hash = "#attacks";
    tell("The table was opened.");
    byId("table-title").scrollIntoView();
    return;
  }
  tell(`${plural(answer.scenarios.length, "scenario")} in ${file.name}`);
  list.replaceChildren(...answer.scenarios.map((one, index) => make("li", {}, make("button", {
    type: "button", "aria-pressed": "false", onclick: (event) => show(index, event.currentTarget),
  }, make("b", {}, one.title), make("span", { class: "where" }, make("span", { class: `outcome ${one.outcome}` }, one.outcome), " ", make("code", {}, one.id))))));
  if (answer.scenarios.length === 1) list.querySelector("button").click();
}

async function show(index, button) {
  const scenario = await get(`/api/opened/${index}`);
  if (!scenario) return;
  for (const one of byId("opened").querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
  byId("saved-panel").hidden = false;
  byId("saved-title").textContent = scenario.title;
  byId("saved-about").replaceChildren(make("span", { class: `outcome ${scenario.outcome}` }, scenario.outcome),
    scenario.reason ? ` ${scenario.reason}` : "", scenario.note ? ` · ${scenario.note}` : "");
  story.load(scenario);
  byId("saved-title").focus();
}

export function wireSaved() {
  story = new Story(byId("saved-story"), { empty: "Nothing was sent.", open: openSheet });
  byId("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) open(file);
    event.target.value = "";
  });
}
