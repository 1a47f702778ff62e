// The guided tour: where it stands, and the buttons that move it.
import { byId, make, tell } from "./dom.js";
import { post } from "./api.js";

let state = null;
let said = "";

export async function move(where) {
  if (!state || state.busy) return;
  await post(`/api/tour/${where}`);
}

export const forward = () => (state && state.position < state.stops.length ? move("forward") : undefined);
export const back = () => (state && state.position > 0 ? move("back") : undefined);
export const restart = () => move("restart");

export function openApproval() {
  if (state) window.open(state.approval, "_blank", "noopener");
}

function showStop(stop, index) {
  const { position, busy } = state;
  const done = index < position;
  const next = index === position;
  const failed = stop.failures.length > 0;
  const entry = make("li", {
    class: `stop ${done ? "done" : next ? "next" : "later"}${failed ? " failed" : ""}`,
    "aria-current": next ? "step" : null,
  }, make("span", { class: "sign", "aria-hidden": "true" }, failed ? "✗" : done ? "✓" : String(index + 1)),
  make("h3", {}, stop.title, stop.byHand ? make("span", { class: "chip" }, "by hand") : ""));
  if (index === position - 1) entry.append(make("p", { class: "notice" }, stop.notice));
  if (failed) entry.append(make("p", { class: "notice bad" }, `It did not go as it should: ${stop.failures.join(", ")}. Restart to see it undisturbed.`));
  if (next) {
    entry.append(make("div", { class: "act" }, make("button", {
      type: "button", id: "next", class: "first", "aria-disabled": String(busy), onclick: forward,
    }, stop.button)));
    if (stop.title === "Approve") {
      entry.append(make("p", { class: "by-hand" }, "Or do it by hand, in the ",
        make("a", { href: state.approval, target: "_blank", rel: "noopener", id: "by-hand" }, "approval page"),
        " (the logins stand in the terminal); the tour notices."));
    }
  }
  return entry;
}

export function showTour(news) {
  byId("intro").hidden = news.position > 0;
  const focused = document.activeElement && document.activeElement.id === "next";
  state = news;
  byId("stops").replaceChildren(...state.stops.map(showStop));
  byId("back").disabled = state.position === 0;
  byId("restart").disabled = state.done.length === 0;
  if (focused) (byId("next") || byId("back")).focus();
  const last = state.stops[state.position - 1];
  const words = last ? `Stop ${state.position} of ${state.stops.length}, ${last.title}: ${last.notice}` : "";
  if (words !== said && !state.busy) {
    said = words;
    tell(words);
  }
  document.body.classList.toggle("busy", state.busy);
}

export function wireTour() {
  byId("back").addEventListener("click", back);
  byId("restart").addEventListener("click", restart);
  byId("take-back").addEventListener("click", () => move("take-back"));
}

function showDone(step) {
  return make("li", { class: step.failures.length ? "failed" : "" },
    make("b", {}, step.action), " ", make("code", {}, step.arguments), " ",
    step.status ? make("span", { class: `status s${String(step.status)[0]}` }, String(step.status)) : "",
    step.byHand ? make("span", { class: "chip" }, "by hand") : "");
}

export function showSteps() {
  const any = state.done.length > 0;
  byId("done").replaceChildren(...state.done.map(showDone));
  if (!any) byId("done").replaceChildren(make("li", { class: "empty" }, "Nothing yet."));
  byId("done").scrollTop = byId("done").scrollHeight;
  byId("take-back").disabled = !any || state.busy;
  const save = byId("save");
  // A link that leads nowhere is no link.
  if (any) save.setAttribute("href", "/api/scenario.yaml");
  else save.removeAttribute("href");
  save.setAttribute("aria-disabled", String(!any));
}
