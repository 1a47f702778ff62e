// One exchange in full, in a sheet: request, answer, the server's decision; and checks.
import { byId, listTerms, make, unseen } from "./dom.js";

export function describe(exchange) {
  const answer = `${exchange.status} ${exchange.phrase}`.trim() || exchange.error || "no answer";
  return `${exchange.actor} to ${exchange.server}: ${exchange.method} ${exchange.target} → ${answer}`;
}

function showMessage(heading, first, headers, body) {
  const wire = make("pre", { tabindex: "0", role: "group", "aria-label": heading }, make("b", {}, first), "\n");
  for (const line of headers.split("\n").filter(Boolean)) {
    const colon = line.indexOf(":");
    wire.append(make("span", { class: "name" }, line.slice(0, colon + 1)), `${line.slice(colon + 1)}\n`);
  }
  if (body) wire.append(`\n${body}`);
  return make("section", { class: "message" }, make("h3", {}, heading), wire);
}

export function showDecision(decision, open = false) {
  return make("details", { class: `decision ${decision.allowed ? "allow" : "deny"}`, open },
    make("summary", {}, make("span", { class: "mark" }, decision.allowed ? "✓" : "✗"), ` the server's decision: ${decision.gist}`),
    listTerms(decision.fields));
}

export function showCheck(check) {
  const rows = [["expected", check.expected]];
  if (check.came && check.came !== check.expected) rows.push(["came", check.came]);
  if (check.message) rows.push(["that is", check.message]);
  return make("div", { class: check.passed ? "check held" : "check failed" },
    make("p", {}, make("span", { class: "mark", "aria-hidden": "true" }, check.passed ? "✓" : "✗"),
      unseen(check.passed ? "held: " : "failed: "), make("b", {}, check.name),
      check.passed && check.came === check.expected ? make("span", { class: "aside" }, ` ${check.came}`) : ""),
    check.passed && check.came === check.expected ? "" : listTerms(rows));
}

// -- the sheet

let shown = null;

export function openSheet(exchanges, index) {
  const sheet = byId("sheet");
  shown = { exchanges, index };
  const exchange = exchanges[index];
  const step = (by) => make("button", {
    type: "button", disabled: !exchanges[index + by], onclick: () => turn(by),
    "aria-label": by < 0 ? "The exchange before" : "The exchange after",
  }, by < 0 ? "←" : "→");
  const body = make("div", { class: "messages" },
    showMessage("Request", `${exchange.method} ${exchange.url}`, exchange.sent, exchange.sentBody),
    "came" in exchange
      ? showMessage("Answer", `${exchange.status} ${exchange.phrase}`, exchange.came, exchange.cameBody)
      : make("p", { class: "message" }, `No answer: ${exchange.error}`));
  sheet.replaceChildren(
    make("div", { class: "bar-of-sheet" },
      make("h2", { id: "sheet-title" }, `${exchange.actor} → ${exchange.server}`),
      make("span", { class: "place" }, `${index + 1} of ${exchanges.length}`), step(-1), step(1),
      make("button", { type: "button", onclick: () => sheet.close() }, "Close")),
    make("p", { class: `gist ${exchange.outcome}` }, make("code", {}, `${exchange.method} ${exchange.target}`), " → ",
      make("b", {}, `${exchange.status} ${exchange.phrase}`.trim() || "no answer"),
      exchange.challenge ? make("span", { class: "asked" }, ` ◆ ${exchange.challenge}`) : ""),
    exchange.decision ? showDecision(exchange.decision, true) : "", body,
    make("section", { class: "curl" }, make("h3", {}, "As a command"),
      make("pre", { tabindex: "0", role: "group", "aria-label": "As a command" }, make("code", {}, exchange.curl))));
  if (!sheet.open) sheet.showModal();
  sheet.scrollTop = 0;
}

function turn(by) {
  const index = shown.index + by;
  if (!shown.exchanges[index]) return;
  openSheet(shown.exchanges, index);
  const button = byId("sheet").querySelectorAll(".bar-of-sheet button")[by < 0 ? 0 : 1];
  (button.disabled ? byId("sheet").querySelector(".bar-of-sheet button:not(:disabled)") : button).focus();
}

export function wireSheet() {
  const sheet = byId("sheet");
  sheet.addEventListener("keydown", (event) => {
    if (event.target.tagName === "PRE") return;
    if (event.key === "ArrowLeft") turn(-1);
    else if (event.key === "ArrowRight") turn(1);
  });
  // A click beside the sheet closes it.
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
}
