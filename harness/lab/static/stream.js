// What the lab tells, as it happens. After a break the browser says what it heard last, and the
// lab goes on from there; where that means nothing to it, everything is told from the start.
export function follow({ fresh, clock, message, line }) {
  const source = new EventSource("/api/events");
  source.addEventListener("hello", (event) => {
    const said = JSON.parse(event.data);
    if (said.fresh) fresh();
    clock(said.clock);
    line("live");
  });
  source.addEventListener("clock", (event) => clock(JSON.parse(event.data).clock));
  source.addEventListener("message", (event) => message(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    line(source.readyState === EventSource.CLOSED ? "ended" : "reconnecting");
  });
  return source;
}
