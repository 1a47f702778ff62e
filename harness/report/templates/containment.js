"use strict";
(() => {
  const table = document.getElementById("table");
  const found = document.getElementById("found");
  const rows = table ? [...table.tBodies[0].rows] : [];
  const sections = rows.map((row) => document.getElementById(row.querySelector("th a").hash.slice(1)));

  // -- moving by keys: one outcome at a time can be reached by Tab, arrows go on from there

  const links = rows.map((row) => [...row.querySelectorAll(".outcome a")]);
  let here = [0, 0];

  function focus(row, column) {
    links[here[0]][here[1]].tabIndex = -1;
    here = [row, column];
    links[row][column].tabIndex = 0;
    links[row][column].focus();
  }

  function next(from, step) {
    for (let at = from + step; at >= 0 && at < rows.length; at += step) if (!rows[at].hidden) return at;
    return from;
  }

  const keys = {
    ArrowUp: ([row, column]) => [next(row, -1), column],
    ArrowDown: ([row, column]) => [next(row, 1), column],
    ArrowLeft: ([row, column]) => [row, Math.max(column - 1, 0)],
    ArrowRight: ([row, column]) => [row, Math.min(column + 1, links[row].length - 1)],
    Home: ([, column]) => [next(-1, 1), column],
    End: ([, column]) => [next(rows.length, -1), column],
  };

  if (table) {
    table.addEventListener("keydown", (event) => {
      const row = links.findIndex((line) => line.includes(event.target));
      const move = keys[event.key];
      if (row < 0 || !move || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      focus(...move([row, links[row].indexOf(event.target)]));
    });
    for (const link of links.flat()) link.tabIndex = -1;
    if (links.length && links[0].length) links[0][0].tabIndex = 0;
  }

  // -- finding rows

  function filter() {
    const words = document.getElementById("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      const text = row.dataset.words.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      sections[index].hidden = row.hidden;
      count += !row.hidden;
    });
    found.textContent = words.length ? `${count} of ${rows.length}` : "";
    // What Tab reaches must be there.
    const first = next(-1, 1);
    if (rows[here[0]] && rows[here[0]].hidden && first >= 0) {
      links[here[0]][here[1]].tabIndex = -1;
      here = [first, here[1]];
      links[first][here[1]].tabIndex = 0;
    }
  }

  const controls = document.getElementById("filter");
  controls.hidden = !rows.length;
  controls.addEventListener("input", filter);
  controls.addEventListener("submit", (event) => event.preventDefault());

  // -- evidence opens when it is gone to, and for the printer

  function goTo() {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!wanted) return;
    if (wanted.tagName === "DETAILS") wanted.open = true;
    wanted.scrollIntoView();
    const summary = wanted.tagName === "DETAILS" && wanted.querySelector("summary");
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
