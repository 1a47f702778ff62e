// Shows what Seer does as it happens: fetches the page again while Seer is at work, and puts
// the new conversation in the place of the old one.
"use strict";

const EVERY = 600;

function isOver(run) {
  return run.dataset.status !== "processing";
}

async function refresh() {
  const run = document.getElementById("run");
  const answer = await fetch(run.dataset.state, { headers: { Accept: "text/html" } });
  if (answer.redirected) { location.assign(answer.url); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("run");
  if (!fresh) { location.reload(); return; }
  if (fresh.dataset.updated === run.dataset.updated && fresh.dataset.count === run.dataset.count
      && fresh.dataset.status === run.dataset.status) {
    schedule();
    return;
  }
  if (isOver(fresh)) { location.reload(); return; }
  run.replaceWith(fresh);
  schedule();
}

function schedule() {
  setTimeout(() => refresh().catch(schedule), EVERY);
}

const run = document.getElementById("run");
if (run && !isOver(run)) schedule();
const last = document.querySelector(".talk li:last-child, .question");
if (last) last.scrollIntoView({ block: "nearest" });
