// The clock of the mock, which runs as ours does but may be moved.
const watchers = [];
let ahead = null;

export function setClock(text) {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return;
  ahead = at - Date.now();
  tick();
}

export const now = () => (ahead === null ? null : Date.now() + ahead);

// Calls `show` with the time there, in milliseconds, each second.
export function onTick(show) {
  watchers.push(show);
}

export function tick() {
  const at = now();
  if (at !== null) for (const show of watchers) show(at);
}

// `4:07`, or with hours `3:59:12`; empty when the time is over.
export function left(milliseconds) {
  const all = Math.ceil(milliseconds / 1000);
  if (all <= 0) return "";
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

setInterval(tick, 1000);
