// Who sent what to whom, in lanes: an arrow for each exchange, below the step it belongs to.
import { make, plural, unseen } from "./dom.js";
import { describe, showCheck, showDecision } from "./details.js";

// From left to right; several parties may share a lane.
const LANES = [
  ["operator", "Operator"], ["attacker", "Attacker"], ["browser", "Browser"], ["agent", "Agent"],
  ["mcp", "MCP"], ["seer", "Seer"], ["server", "Sentry"], ["outside", "Outside"],
];
const LANE_OF = { user: "browser", anonymous: "browser", holder: "browser", service: "agent" };

export class Story {
  // `always`: lanes that stand there before anything happens. `notes`: whether those of steps are
  // shown. `open`: takes exchanges and which.
  constructor(box, { always = ["server"], empty = "", notes = true, open }) {
    this.notes = notes;
    this.always = always;
    this.open = open;
    this.empty = make("p", { class: "empty" }, empty);
    this.heads = make("div", { class: "heads", "aria-hidden": "true" });
    this.steps = make("ol", { class: "bands" });
    this.scroll = make("div", { class: "lanes", tabindex: "0", role: "group", "aria-label": "Sequence" },
      this.heads, this.steps, this.empty);
    box.replaceChildren(this.scroll);
    this.clear();
  }

  clear() {
    this.kinds = new Map();
    this.present = new Set(this.always);
    this.exchanges = [];
    this.byNumber = new Map();
    this.bands = new Map();
    this.steps.replaceChildren();
    this.empty.hidden = false;
    this.arrange();
  }

  // -- messages of the stream

  take(kind, data) {
    if (kind === "begin") this.clear();
    else if (kind === "lanes") this.meet(data.lanes);
    else if (kind === "step") this.addStep(data.number, data);
    else if (kind === "item") this.addItem(data.step, data.item, data.number);
    else if (kind === "ruling") this.rule(data.exchange, data.decision);
  }

  // A whole scenario, as reports have it.
  load(scenario) {
    this.clear();
    this.meet(scenario.lanes);
    scenario.steps.forEach((step, index) => {
      this.addStep(index, step);
      for (const item of step.items) this.addItem(index, item);
    });
    this.scroll.scrollTop = 0;
  }

  meet(lanes) {
    for (const { name, kind } of lanes) this.kinds.set(name, kind);
  }

  laneOf(name) {
    const kind = this.kinds.get(name) || "outside";
    return LANE_OF[kind] || kind;
  }

  // -- lanes

  arrange() {
    this.shown = LANES.filter(([key]) => this.present.has(key));
    this.scroll.style.setProperty("--lanes", String(this.shown.length));
    this.heads.replaceChildren(...this.shown.map(([key, name]) => make("span", { class: `head ${key}` }, name)));
    for (const exchange of this.exchanges) this.place(exchange);
  }

  place({ from, to, shaft }) {
    const [begin, end] = [from, to].map((key) => this.shown.findIndex(([lane]) => lane === key));
    const [first, last] = [Math.min(begin, end), Math.max(begin, end)];
    const row = shaft.parentElement;
    row.style.setProperty("--first", String(first + 1));
    row.style.setProperty("--after", String(last + 2));
    row.style.setProperty("--span", String(last - first + 1));
    shaft.className = `shaft ${end < begin ? "leftward" : end === begin ? "itself" : "rightward"}`;
    // Words that are longer than a short arrow at the edge stay within the picture.
    const short = last - first < 2;
    row.classList.toggle("at-end", short && first > 0 && last === this.shown.length - 1);
    row.classList.toggle("at-start", short && first === 0);
  }

  // -- what happens

  addStep(number, step) {
    const band = make("li", { class: step.failed ? "band failed" : "band" });
    const rows = make("ol", { class: "rows" });
    if (step.actor) {
      const role = step.role ? make("span", { class: `chip ${step.role}` }, step.role) : "";
      band.append(make("h3", {}, make("span", { class: "index" }, `${step.index}`), " ",
        make("b", {}, `${step.actor} ${step.verb}`), " ", make("code", {}, step.arguments), " ", role));
      if (step.note && this.notes) band.append(make("p", { class: "remark" }, step.note));
    } else {
      band.append(make("h3", {}, make("b", {}, "by hand")));
    }
    band.append(rows);
    this.bands.set(number, { band, rows, held: 0, checks: null });
    this.steps.append(band);
    this.empty.hidden = true;
    this.keepUp(true);
  }

  // What belongs to no step stands where it happened.
  bandOf(step) {
    if (step !== null && this.bands.has(step)) return this.bands.get(step);
    const last = [...this.bands.keys()].pop();
    if (typeof last === "string") return this.bands.get(last);
    const key = `aside ${this.bands.size}`;
    this.addStep(key, {});
    return this.bands.get(key);
  }

  addItem(step, item, number) {
    const atEnd = this.isAtEnd();
    const band = this.bandOf(step);
    if (item.exchange) this.addExchange(band, item.exchange, number);
    else if (item.token) this.addToken(band, item.token);
    else if (item.check) this.addCheck(band, item.check);
    else if (item.decision) this.addDecision(band, item.decision);
    else band.band.append(make("p", { class: "remark" }, item.remark));
    this.keepUp(atEnd);
  }

  addExchange(band, exchange, number) {
    const [from, to] = [this.laneOf(exchange.actor), this.laneOf(exchange.server)];
    // The lanes say so already.
    const aside = ["between services", "page"].includes(exchange.purpose) ? "" : exchange.purpose;
    const status = exchange.status || (exchange.outcome === "planned" ? "planned" : "no answer");
    const label = make("span", { class: "words" }, unseen(`${exchange.actor} to ${exchange.server}: `),
      from === "browser" ? make("i", {}, `${exchange.actor} `) : "",
      make("code", {}, `${exchange.method} ${exchange.target.split("?")[0]}`), " ",
      make("b", {}, status), aside ? make("span", { class: "purpose" }, ` ${aside}`) : "");
    const shaft = make("span", { class: "shaft", "aria-hidden": "true" });
    const notes = make("span", { class: "notes" });
    if (exchange.challenge) notes.append(make("span", { class: "note" }, `◆ ${exchange.challenge}`));
    const index = this.exchanges.length;
    const button = make("button", {
      type: "button", class: `exchange ${exchange.outcome}${aside ? " aside" : ""}`,
      onclick: () => this.open(this.exchanges.map((one) => one.exchange), index),
    }, label, shaft, notes);
    const entry = { exchange, from, to, shaft, notes, button };
    this.exchanges.push(entry);
    if (number !== undefined) this.byNumber.set(number, entry);
    band.rows.append(make("li", {}, button));
    if ([from, to].some((lane) => !this.present.has(lane))) {
      this.present.add(from).add(to);
      this.arrange();
    } else {
      this.place(entry);
    }
    button.title = describe(exchange);
  }

  addToken(band, token) {
    const gained = token.change && token.change.gained.length ? ` +${token.change.gained.join(" +")}` : "";
    const note = make("span", { class: "note new" }, `● ${token.label}${gained}`);
    const last = this.exchanges[this.exchanges.length - 1];
    // One that was forged was in no exchange yet.
    if (last && band.rows.contains(last.button)) last.notes.append(note);
    else band.band.append(make("p", { class: "remark" }, note));
  }

  // One that is no exchange's, such as those of a page.
  addDecision(band, decision) {
    if (!band.decisions) {
      band.decisions = make("details", { class: "checks" }, make("summary"));
      band.band.append(band.decisions);
    }
    band.decisions.append(showDecision(decision));
    band.decisions.firstChild.textContent = plural(band.decisions.childElementCount - 1, "decision");
  }

  addCheck(band, check) {
    if (!band.checks) {
      band.summary = make("summary");
      band.checks = make("details", { class: "checks" }, band.summary);
      band.all = 0;
      band.band.append(band.checks);
    }
    band.all += 1;
    band.held += check.passed ? 1 : 0;
    band.checks.append(showCheck(check));
    const failed = band.all - band.held;
    band.summary.textContent = failed ? `✗ ${plural(failed, "check")} of ${band.all} failed`
      : `✓ ${plural(band.all, "check")} held`;
    band.checks.classList.toggle("failed", failed > 0);
    band.band.classList.toggle("failed", failed > 0);
    if (failed) band.checks.open = true;
  }

  rule(number, decision) {
    const found = this.byNumber.get(number);
    if (!found) return;
    found.exchange.decision = decision;
    found.notes.append(make("span", { class: decision.allowed ? "note allowed" : "note denied" }, decision.gist));
  }

  // -- the newest stays in view for who looks at the end

  isAtEnd() {
    const box = this.scroll;
    return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  }

  keepUp(atEnd) {
    if (atEnd) this.scroll.scrollTop = this.scroll.scrollHeight;
  }
}

