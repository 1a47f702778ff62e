// The table of a proof: weaknesses × attacks. A cell runs that attack on that weakness.
import { byId, make, tell } from "./dom.js";
import { post } from "./api.js";
import { listed, load, runCell } from "./bench.js";

// As in the page that `prove --html` writes.
const MARKS = {
  listed: ["●", "broke, as the attack lists"], broken: ["○", "broke, though not listed"], held: ["·", "held"],
  unreached: ["", "held: it never comes to this defence"], inconclusive: ["?", "could not be judged"],
  missed: ["✗", "did not break, though listed"], sound: ["✓", "held on the sound server"], fallen: ["✗", "broke the sound server"],
};

function kindOf(mark, isListed) {
  if (mark === "broken") return isListed ? "listed" : "broken";
  if (mark === "inconclusive") return mark;
  return isListed ? "missed" : mark;
}

function drawCell(kind, name, attack, weakness) {
  return make("td", {
    class: kind, role: "gridcell", tabindex: "-1", "data-attack": attack, "data-weakness": weakness,
    "aria-label": `${attack} on ${name}: ${MARKS[kind][1]}`,
  }, MARKS[kind][0]);
}

function drawRow(name, title, cells) {
  const row = make("tr", { role: "row", class: title ? "weakness" : "server" });
  const head = make("th", { scope: "row", role: "rowheader" }, name);
  if (title) head.title = title;
  row.append(head, ...cells);
  return row;
}

export function showTable(proof) {
  const box = byId("proof");
  const heads = proof.attacks.map((one) => {
    const head = make("th", { scope: "col", role: "columnheader", class: "attack" }, make("span", {}, one.id));
    head.title = one.title;
    return head;
  });
  const body = make("tbody", { role: "rowgroup" });
  body.append(drawRow("the sound server", "", proof.attacks.map((one) =>
    drawCell({ held: "sound", broken: "fallen" }[proof.sound[one.id]] || "inconclusive", "the sound server", one.id, ""))));
  for (const weakness of proof.weaknesses) {
    const row = proof.table[weakness.id];
    body.append(drawRow(weakness.id, `${weakness.title} (${weakness.defence})`, proof.attacks.map((one) =>
      drawCell(kindOf(row[one.id], one["breaks on"].includes(weakness.id)), weakness.id, one.id, weakness.id))));
  }
  const table = make("table", { role: "grid", "aria-label": "What came of each attack on each weakness" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, make("th", { scope: "col", role: "columnheader" }, "weakness"), heads)), body);
  const legend = make("dl", { class: "legend" }, Object.entries(MARKS).flatMap(([kind, [sign, words]]) =>
    [make("dt", { class: kind }, sign || " "), make("dd", {}, words)]));
  const said = make("p", { id: "cell", class: "hint" }, "Arrow keys move between cells, Enter runs one.");
  box.replaceChildren(make("p", { class: proof.stands ? "conclusion held" : "conclusion lost" }, proof.conclusion),
    make("div", { class: "scroll" }, table), said, legend);
  wireTable(table, said);
}

function wireTable(table, said) {
  const cells = [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1));
  let here = cells[0] && cells[0][0];
  if (here) here.tabIndex = 0;
  const find = (cell) => {
    const row = cells.findIndex((line) => line.includes(cell));
    return [row, row < 0 ? -1 : cells[row].indexOf(cell)];
  };
  const go = (row, column) => {
    const next = cells[row] && cells[row][column];
    if (!next) return;
    here.tabIndex = -1;
    here = next;
    here.tabIndex = 0;
    here.focus();
  };
  table.addEventListener("keydown", (event) => {
    const [row, column] = find(event.target);
    if (row < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1], Home: [row, 0], End: [row, cells[row].length - 1],
    };
    if (moves[event.key]) go(...moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") act(event.target);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const act = (cell) => runCell(cell.dataset.attack, cell.dataset.weakness);
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell) act(cell);
  });
  for (const kind of ["focusin", "mouseover"]) {
    table.addEventListener(kind, (event) => {
      const cell = event.target.closest("td");
      if (cell) said.textContent = cell.getAttribute("aria-label");
    });
  }
}

function showProgress(progress) {
  const running = progress !== null && progress !== undefined;
  byId("proving").hidden = !running;
  byId("prove-stop").hidden = !running;
  byId("prove-all").hidden = running;
  byId("prove-listed").hidden = running;
  if (!running) return;
  byId("progress").max = progress.all;
  byId("progress").value = progress.done;
  byId("progress-words").textContent = `${progress.done} of ${progress.all}${progress.label ? ` · ${progress.label}` : ""}`;
}

export function take(kind, data) {
  if (kind === "progress") showProgress(data);
  else if (kind === "table") {
    showTable(data);
    tell(data.conclusion);
  } else if (kind === "failed") tell(data.reason);
}

export function wireProof() {
  byId("prove-all").addEventListener("click", () => post("/api/proof"));
  byId("prove-stop").addEventListener("click", () => post("/api/proof/stop"));
  byId("prove-listed").addEventListener("click", async () => {
    await load();
    const attacks = listed();
    const weaknesses = [...new Set(attacks.flatMap((one) => one["breaks on"]))];
    await post("/api/proof", { attacks: attacks.map((one) => one.id), weaknesses });
  });
}
