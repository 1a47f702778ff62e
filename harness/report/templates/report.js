"use strict";
(() => {
  // Every number in the data is the index of a text. Texts reach the page as text nodes only.
  const { texts, scenarios, sequences } = JSON.parse(document.getElementById("evidence").textContent);
  const sections = [...document.querySelectorAll("details.scenario")];
  const drawn = new Set();

  function make(name, className, ...children) {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  const text = (number) => texts[number];

  // -- the sequence picture: a line for each lane, a dot for who acts, arrows there and back

  function drawLanes(draw) {
    const lanes = make("span", "lanes");
    lanes.setAttribute("aria-hidden", "true");
    if (draw) draw(lanes);
    return lanes;
  }

  function drawDot(position, kind) {
    return drawLanes((lanes) => {
      const dot = make("span", `dot ${kind}`);
      dot.style.gridColumn = String(position + 1);
      lanes.append(dot);
    });
  }

  function drawArrows(from, to, exchange) {
    return drawLanes((lanes) => {
      const side = to < from ? "leftward " : to === from ? "itself " : "";
      const there = make("span", `arrow ${side}there`, make("span", "", text(exchange.method)));
      const back = make("span", `arrow ${side}back ${statusClass(exchange)}`,
        make("span", "", text(exchange.status) || "–"));
      for (const arrow of [there, back]) {
        arrow.style.gridColumn = `${Math.min(from, to) + 1} / ${Math.max(from, to) + 2}`;
        lanes.append(arrow);
      }
    });
  }

  function statusClass(exchange) {
    const status = text(exchange.status);
    return status ? `s${status[0]}` : "s0";
  }

  // -- the evidence of a step

  function listTerms(rows) {
    const list = make("dl");
    for (const [name, ...values] of rows) {
      list.append(make("dt", "", text(name)));
      list.append(make("dd", "", ...values.map((value, index) =>
        index ? make("span", "aside", text(value)) : text(value))));
    }
    return list;
  }

  // What may scroll can be reached by keyboard, and says what it is.
  function scrolls(element, name) {
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", name);
  }

  function showMessage(heading, first, headers, body) {
    const wire = make("pre", "", make("b", "", first), "\n");
    for (const line of headers.split("\n").filter(Boolean)) {
      const colon = line.indexOf(":");
      wire.append(make("span", "name", line.slice(0, colon + 1)), line.slice(colon + 1), "\n");
    }
    if (body) wire.append(`\n${body}`);
    scrolls(wire, heading);
    return make("section", "message", make("h5", "", heading), wire);
  }

  function showCurl(line) {
    const button = make("button", "", "Copy");
    button.type = "button";
    const code = make("pre", "", make("code", "", line));
    scrolls(code, "As a command");
    button.addEventListener("click", () => copy(line, code, button));
    return make("section", "curl", make("h5", "", "As a command", button), code);
  }

  async function copy(line, code, button) {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = "Copied";
    } catch {
      // A page from a file may lack the clipboard: the line is selected instead.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    document.getElementById("found").textContent = button.textContent;
  }

  function showDecision(decision) {
    const summary = make("summary", "", make("span", "mark", decision.allowed ? "✓" : "✗"),
      `the server's decision: ${text(decision.gist)}`);
    return make("details", `decision ${decision.allowed ? "allow" : "deny"}`, summary,
      listTerms(decision.fields));
  }

  function showExchange(exchange, place, anchor) {
    const label = make("span", "label",
      make("span", "unseen", `${text(exchange.actor)} to ${text(exchange.server)}: `),
      make("code", "", `${text(exchange.method)} ${text(exchange.target)}`), " ",
      make("span", `status ${statusClass(exchange)}`,
        `${text(exchange.status)} ${text(exchange.phrase)}`.trim() || "no answer"));
    if (exchange.decision) {
      label.append(" ", make("span", `ruling ${exchange.decision.allowed ? "allow" : "deny"}`,
        text(exchange.decision.gist)));
    }
    if (text(exchange.purpose)) label.append(" ", make("span", "chip", text(exchange.purpose)));
    const summary = make("summary", "row",
      drawArrows(place.lanes.get(exchange.actor), place.lanes.get(exchange.server), exchange), label);
    const messages = make("div", "messages", showMessage("Request",
      `${text(exchange.method)} ${text(exchange.url)}`, text(exchange.sent), text(exchange.sentBody)));
    messages.append("came" in exchange
      ? showMessage("Answer", `${text(exchange.status)} ${text(exchange.phrase)}`,
        text(exchange.came), text(exchange.cameBody))
      : make("p", "message", `No answer: ${text(exchange.error)}`));
    const body = make("div", "body", messages);
    if (exchange.decision) body.append(showDecision(exchange.decision));
    body.append(showCurl(text(exchange.curl)));
    const details = make("details", "exchange", summary, body);
    details.id = anchor;
    return details;
  }

  function showPicture(picture) {
    const image = make("img", "picture");
    image.alt = text(picture.alt);
    image.src = `data:image/png;base64,${picture.png}`;
    return make("figure", "shot", image, make("figcaption", "", text(picture.alt)));
  }

  function showToken(token) {
    const label = make("span", "label", make("b", "", text(token.label)),
      ` ${text(token.scopes)} ${text(token.scopes) === "1" ? "scope" : "scopes"}`, text(token.lifetime) ? `, for ${text(token.lifetime)}` : "");
    const change = token.change;
    for (const scope of change ? change.gained : []) {
      label.append(" ", make("span", "chip gained", make("span", "unseen", "gained "), `+${text(scope)}`));
    }
    for (const scope of change ? change.lost : []) {
      label.append(" ", make("span", "chip lost", make("span", "unseen", "lost "), `−${text(scope)}`));
    }
    const body = make("div", "body", make("h5", "", "Claims"), listTerms(token.claims));
    if (change) body.append(...showChange(change));
    body.append(make("h5", "", "Header"), make("pre", "", text(token.header)));
    return make("details", "token", make("summary", "row", drawLanes(), label), body);
  }

  function showChange(change) {
    const since = make("h5", "", `Since ${text(change.since)}`);
    const list = make("ul", "changes");
    const say = (...words) => list.append(make("li", "", ...words));
    if (change.gained.length) say("scopes gained: ", change.gained.map(text).join(" "));
    if (change.lost.length) say("scopes lost: ", change.lost.map(text).join(" "));
    for (const [name, was, now] of change.claims) {
      say(make("b", "", text(name)), ": ", text(was) || "none", " → ", text(now) || "none");
    }
    if (!list.childElementCount) say("the same claims and scopes");
    return [since, list];
  }

  function showCheck(check) {
    const short = (number) => texts[number].length <= 90 && !texts[number].includes("\n");
    const mark = make("span", "mark", check.passed ? "✓" : "✗");
    const said = make("span", "unseen", check.passed ? "held: " : "failed: ");
    const label = make("span", "label", mark, said, make("b", "", text(check.name)));
    const same = check.expected === check.came;
    if (check.passed && short(check.expected) && short(check.came)) {
      label.append(same ? ` expected and came ${text(check.came)}`
        : ` expected ${text(check.expected)}; came ${text(check.came)}`);
      return make("p", "check held row", drawLanes(), label);
    }
    const list = make("dl");
    const add = (name, value) => list.append(make("dt", "", name), make("dd", "", make("pre", "", value)));
    add(same ? "expected and came" : "expected", text(check.expected));
    if (!same && text(check.came)) add("came", text(check.came));
    if (text(check.message)) add("that is", text(check.message));
    const details = make("details", `check ${check.passed ? "held" : "failed"}`,
      make("summary", "row", drawLanes(), label), make("div", "body", list));
    details.open = !check.passed;
    return details;
  }

  function showItem(item) {
    if (item.token) return showToken(item.token);
    if (item.check) return showCheck(item.check);
    if (item.picture) return showPicture(item.picture);
    const said = item.decision ? showDecision(item.decision) : text(item.remark);
    return make("div", "row", drawLanes(), make("div", "label remark", said));
  }

  function showStep(step, place, anchor) {
    const entry = make("li", step.failed ? "step failed" : "step");
    entry.id = anchor;
    if (step.afterwards) {
      entry.append(make("div", "row", drawLanes(), make("p", "label note", "Afterwards")));
    }
    if ("actor" in step) {
      const kind = place.kinds.get(step.actor);
      const title = make("h4", "row", drawDot(place.lanes.get(step.actor), kind),
        make("span", "label", make("span", "number", `${text(step.index)}. `),
          make("b", "", text(step.actor)), ` ${text(step.verb)} `,
          make("code", "arguments", text(step.arguments)),
          text(step.line) ? make("span", "aside", ` line ${text(step.line)}`) : ""));
      if (text(step.role)) title.lastChild.append(" ", make("span", `chip ${text(step.role)}`, text(step.role)));
      entry.append(title);
      if (text(step.note)) {
        entry.append(make("div", "row", drawLanes(), make("p", "label note", text(step.note))));
      }
    }
    let exchanges = 0;
    entry.append(...step.items.map((item) => (item.exchange
      ? showExchange(item.exchange, place, `${anchor}.${exchanges += 1}`) : showItem(item))));
    return entry;
  }

  // -- a scenario, drawn when it is first opened

  function draw(index) {
    if (drawn.has(index)) return;
    drawn.add(index);
    const scenario = scenarios[index];
    const section = sections[index];
    const lanes = scenario.lanes;
    const place = {
      lanes: new Map(lanes.map((lane, position) => [lane.name, position])),
      kinds: new Map(lanes.map((lane) => [lane.name, text(lane.kind)])),
    };
    if (text(scenario.note)) section.append(make("p", "note", text(scenario.note)));
    const about = make("div", "facts");
    if (scenario.attack.length) about.append(make("h4", "", "Attack"), listTerms(scenario.attack));
    if (scenario.cast.length) about.append(make("h4", "", "Cast"), listTerms(scenario.cast));
    about.append(make("h4", "", "File"), make("p", "", text(scenario.file)));
    section.append(about);
    if (sequences[index]) section.append(drawSequence(sequences[index], text, section.id));

    const names = drawLanes((row) => {
      for (const lane of lanes) {
        const name = make("span", `lane ${text(lane.kind)}`, make("span", "", text(lane.name)));
        name.title = text(lane.about);
        row.append(name);
      }
    });
    const timeline = make("div", "timeline", make("div", "names row", names, make("span", "label")));
    timeline.id = `${section.id}.timeline`;
    timeline.style.setProperty("--lanes", String(lanes.length));
    const steps = make("ol", "steps");
    steps.setAttribute("aria-label", "Timeline");
    steps.append(...scenario.steps.map((step, position) =>
      showStep(step, place, `${section.id}.${position + 1}`)));
    timeline.append(steps);
    section.append(timeline);
    mark(index);
  }

  // -- filter and search

  const controls = document.getElementById("filter");
  const query = document.getElementById("query");
  const actor = document.getElementById("actor");
  const found = document.getElementById("found");
  let hits = [];

  const numbersIn = (value, into = new Set()) => {
    if (typeof value === "number") into.add(value);
    else if (value && typeof value === "object") {
      for (const inner of Object.values(value)) numbersIn(inner, into);
    }
    return into;
  };
  const numbersOf = new Map();
  const numbers = (thing) => {
    if (!numbersOf.has(thing)) numbersOf.set(thing, numbersIn(thing));
    return numbersOf.get(thing);
  };
  const holds = (thing, hit) => {
    for (const number of numbers(thing)) if (hit.has(number)) return true;
    return false;
  };

  const boxes = [...controls.querySelectorAll("[name=outcome]")];

  // A filter has an address: #?q=org:write&actor=agent&outcome=broken
  function readAddress() {
    if (!location.hash.startsWith("#?")) return;
    const asked = new URLSearchParams(location.hash.slice(2));
    query.value = asked.get("q") || "";
    actor.value = asked.get("actor") || "";
    const outcomes = asked.getAll("outcome");
    for (const box of boxes) box.checked = !outcomes.length || outcomes.includes(box.value);
  }

  function writeAddress() {
    const asked = new URLSearchParams();
    if (query.value) asked.set("q", query.value);
    if (actor.value) asked.set("actor", actor.value);
    if (!boxes.every((box) => box.checked)) {
      for (const box of boxes) if (box.checked) asked.append("outcome", box.value);
    }
    if (asked.size || location.hash.startsWith("#?")) {
      history.replaceState(null, "", `#${asked.size ? "?" : ""}${asked}`);
    }
  }

  function filter() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    hits = words.map((word) => new Set(
      texts.flatMap((one, number) => (one.toLowerCase().includes(word) ? [number] : []))));
    const outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    sections.forEach((section, index) => {
      const scenario = scenarios[index];
      section.hidden = !outcomes.has(section.dataset.outcome)
        || (actor.value && !scenario.lanes.some((lane) => lane.acts && text(lane.name) === actor.value))
        || !hits.every((hit) => holds(scenario, hit));
      shown += section.hidden ? 0 : 1;
      mark(index);
    });
    found.textContent = `${shown} of ${sections.length} scenarios`;
  }

  const actsIn = (step, name) => text(step.actor) === name
    || step.items.some((item) => item.exchange && text(item.exchange.actor) === name);

  // Which steps have a word that is searched for, and which are somebody else's.
  function mark(index) {
    const matching = scenarios[index].steps.filter((step) => hits.some((hit) => holds(step, hit)));
    const count = matching.length;
    sections[index].querySelector(".matches").textContent = hits.length && count
      ? `· found in ${count} ${count === 1 ? "step" : "steps"}` : "";
    if (!drawn.has(index)) return;
    const entries = sections[index].querySelectorAll("li.step");
    scenarios[index].steps.forEach((step, position) => {
      entries[position].classList.toggle("match", matching.includes(step));
      entries[position].classList.toggle("others",
        Boolean(actor.value) && "actor" in step && !actsIn(step, actor.value));
    });
  }

  function change() {
    filter();
    writeAddress();
  }

  function setOpen(open) {
    sections.forEach((section, index) => {
      if (section.hidden) return;
      if (open) draw(index);
      section.open = open;
    });
  }

  function goTo() {
    const name = location.hash.slice(1);
    const index = sections.findIndex((section) =>
      name === section.id || name.startsWith(`${section.id}.`));
    if (index < 0) return;
    draw(index);
    sections[index].hidden = false;
    sections[index].open = true;
    const target = document.getElementById(name) || sections[index];
    if (target.matches(".step, .exchange")) {
      for (const details of target.querySelectorAll("details")) details.open = true;
    }
    if (target.matches(".exchange")) {
      target.open = true;
      target.querySelector("summary").focus({ preventScroll: true });
    }
    target.scrollIntoView();
  }

  // What sticks to the top leaves room for what sticks below it.
  const measure = () => {
    const stuck = getComputedStyle(controls).position === "sticky";
    document.documentElement.style.setProperty("--top", stuck ? `${controls.offsetHeight}px` : "0px");
  };
  addEventListener("resize", measure);

  let closed = [];
  addEventListener("beforeprint", () => {
    sections.forEach((section, index) => section.hidden || draw(index));
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });

  sections.forEach((section, index) => section.addEventListener("toggle", () => {
    if (section.open) draw(index);
  }));
  let waiting = 0;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(change, 150);
  });
  controls.addEventListener("change", change);
  controls.addEventListener("submit", (event) => {
    event.preventDefault();
    change();
  });
  document.getElementById("open").addEventListener("click", () => setOpen(true));
  document.getElementById("close").addEventListener("click", () => setOpen(false));
  addEventListener("hashchange", () => {
    readAddress();
    filter();
    goTo();
  });
  // The address stays the same when one follows a link again.
  document.getElementById("scenarios").addEventListener("click", (event) => {
    const link = event.target.closest(".sequence a");
    if (link && link.getAttribute("href") === location.hash) goTo();
  });
  controls.hidden = !sections.length;
  readAddress();
  filter();
  measure();
  if (sections.length === 1) setOpen(true);
  goTo();
})();
