"use strict";
(() => {
  const table = document.getElementById("table");
  const told = document.getElementById("told");
  const heads = [...table.querySelectorAll("th.attack")];
  const rows = [...table.querySelectorAll("tr.server, tr.weakness")];
  const words = new Map([...document.querySelectorAll(".legend dt")].map((term) =>
    [term.className, term.nextElementSibling.textContent]));

  // -- moving by keys: one cell at a time can be reached by Tab, arrows go on from there

  const cells = rows.map((row) => [...row.querySelectorAll("td")]);
  let here = [0, 0];

  const shown = (row, column) => !rows[row].hidden && !heads[column].hidden;

  function focus(row, column) {
    target(...here).tabIndex = -1;
    here = [row, column];
    target(row, column).tabIndex = 0;
    target(row, column).focus();
  }

  // The link of a cell where it has one, else the cell itself.
  function target(row, column) {
    return cells[row][column].firstElementChild || cells[row][column];
  }

  function next(from, step, count, fits) {
    for (let at = from + step; at >= 0 && at < count; at += step) if (fits(at)) return at;
    return from;
  }

  const keys = {
    ArrowUp: ([row, column]) => [next(row, -1, rows.length, (at) => shown(at, column)), column],
    ArrowDown: ([row, column]) => [next(row, 1, rows.length, (at) => shown(at, column)), column],
    ArrowLeft: ([row, column]) => [row, next(column, -1, heads.length, (at) => shown(row, at))],
    ArrowRight: ([row, column]) => [row, next(column, 1, heads.length, (at) => shown(row, at))],
    Home: ([row]) => [row, next(-1, 1, heads.length, (at) => shown(row, at))],
    End: ([row]) => [row, next(heads.length, -1, heads.length, (at) => shown(row, at))],
  };

  table.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    const place = find(event.target);
    if (!place || event.ctrlKey || event.altKey || event.metaKey) return;
    if (move) {
      event.preventDefault();
      focus(...move(place));
    } else if (event.key === "Enter" && event.target.tagName === "TD") {
      open(place);
    }
  });

  function find(element) {
    const cell = element.closest("td");
    const row = cell ? rows.indexOf(cell.parentElement) : -1;
    return row < 0 ? null : [row, cells[row].indexOf(cell)];
  }

  // What was held on a weakness went as on the sound server: that is its evidence.
  function open([row, column]) {
    const link = cells[row][column].querySelector("a") || cells[0][column].querySelector("a");
    location.hash = link.hash;
  }

  table.addEventListener("click", (event) => {
    const place = event.target.tagName === "TD" && find(event.target);
    if (place) open(place);
  });

  for (const line of cells) {
    for (const cell of line) (cell.firstElementChild || cell).tabIndex = -1;
  }
  if (cells.length && cells[0].length) target(0, 0).tabIndex = 0;

  // -- what a cell says

  function tell(event) {
    const place = find(event.target);
    if (!place) return;
    const [row, column] = place;
    told.textContent = `${heads[column].textContent} on ${rows[row].firstElementChild.textContent}: `
      + words.get(cells[row][column].className);
  }
  table.addEventListener("focusin", tell);
  table.addEventListener("mouseover", tell);

  // -- finding rows and columns

  const wanted = (field) => document.getElementById(field).value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (element, parts) => parts.every((part) => element.dataset.name.toLowerCase().includes(part));

  function filter() {
    const [lines, columns] = [wanted("rows"), wanted("columns")];
    for (const row of rows) row.hidden = row.className === "weakness" && !fits(row, lines);
    heads.forEach((head, column) => {
      const hidden = !fits(head, columns);
      if (hidden === head.hidden) return;
      head.hidden = hidden;
      for (const line of cells) line[column].hidden = hidden;
    });
    for (const body of table.tBodies) {
      body.hidden = ![...body.rows].some((row) => row.className !== "defence" && !row.hidden);
    }
    for (const head of table.querySelectorAll(".category")) head.hidden = columns.length > 0;
    const count = [rows, heads].map((list) => list.filter((one) => !one.hidden).length);
    told.textContent = `${count[0] - 1} weaknesses, ${count[1]} attacks`;
  }

  const controls = document.getElementById("filter");
  controls.hidden = false;
  controls.addEventListener("input", filter);
  controls.addEventListener("submit", (event) => event.preventDefault());

  // -- evidence opens when it is gone to, and for the printer

  function goTo() {
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!found) return;
    if (found.tagName === "DETAILS") found.open = true;
    found.scrollIntoView();
    const summary = found.querySelector("summary");
    if (summary) summary.focus({ preventScroll: true });
  }
  addEventListener("hashchange", goTo);
  goTo();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
})();
