"use strict";
// The picture of who called whom. Each step is a drawing of its own, as wide as the others:
// one below the other they are one picture, which paper breaks between steps only.
const drawSequence = (() => {
  const HEAD = 54;
  const LINE = 26;
  const NOTE = 14;
  const MARGIN = 8;
  const LOOP = 36;
  // A longer step is drawn in parts.
  const MOST_ROWS = 24;
  const WORDS = {
    answered: "answered",
    refused: "refused",
    failed: "failed",
    unanswered: "no answer",
    planned: "only planned",
  };
  const ROUND = new Set(["operator", "user", "attacker", "anonymous", "holder"]);

  function make(name, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function html(name, className, ...children) {
    const element = document.createElement(name);
    element.className = className;
    element.append(...children);
    return element;
  }

  // It grows with the letters of the page.
  const canvas = (width, height, attributes, ...children) => make("svg", {
    viewBox: `0 0 ${width} ${height}`, width: `${width / 16}em`, height: `${height / 16}em`, ...attributes,
  }, ...children);

  // Filled for an answer, open for a refusal or a failure, a cross where none came.
  function tip(x, y, side, outcome) {
    if (outcome === "unanswered") {
      return `M${x - 13 * side} ${y - 5}l${8 * side} 10m0 -10l${-8 * side} 10`;
    }
    return `M${x - 9 * side} ${y - 5}L${x - side} ${y}L${x - 9 * side} ${y + 5}${outcome === "answered" ? "z" : ""}`;
  }

  const line = (d) => make("path", { class: "line", d });
  const point = (d) => make("path", { class: "tip", d });

  function drawHeads(sequence, text) {
    const heads = sequence.lanes.map(({ name, kind, about, title, x, width }) => {
      const head = make("g", { class: `head ${text(kind)}` },
        make("title", {}, text(title)),
        make("path", { class: "life", d: `M${x} 46V${HEAD}` }),
        make("rect", { x: x - width / 2, y: 8, width, height: 38, rx: ROUND.has(text(kind)) ? 19 : 3 }),
        make("text", { x, y: text(about) ? 24 : 31 }, text(name)));
      if (text(about)) head.append(make("text", { class: "about", x, y: 38 }, text(about)));
      return head;
    });
    return canvas(sequence.width, HEAD, { class: "heads", "aria-hidden": "true" }, ...heads);
  }

  function drawArrow(arrow, top, lanes, text, anchor) {
    const [place, from, to, outcome, label, title, aside, ...notes] = arrow;
    const kind = text(outcome);
    const [begin, end] = [lanes[from].x, lanes[to].x];
    const height = LINE + notes.length * NOTE;
    const y = top + LINE - 6;
    const itself = from === to;
    const side = itself ? (from ? -1 : 1) : Math.sign(end - begin);
    const x = itself ? begin + side * (LOOP + 6) : (begin + end) / 2;
    const words = { x, "text-anchor": !itself ? "middle" : side < 0 ? "end" : "start" };
    const left = itself ? Math.min(begin, x) : Math.min(begin, end);
    return [height, make("a", { href: `#${anchor}.${place}`, class: aside ? `${kind} aside` : kind },
      make("title", {}, text(title)),
      make("rect", { x: left, y: top, width: itself ? LOOP + 6 : Math.abs(end - begin), height }),
      line(itself ? `M${begin} ${y - 8}h${side * LOOP}v12h${-side * (LOOP - 2)}` : `M${begin} ${y}H${end - 2 * side}`),
      itself ? point(tip(end, y + 4, -side, kind)) : point(tip(end, y, side, kind)),
      make("text", { ...words, y: itself ? y + 2 : y - 6 }, text(label)),
      ...notes.map((note, index) =>
        make("text", { ...words, class: "note", y: y + NOTE * (index + 1) }, text(note))))];
  }

  function* drawBand(band, sequence, text, anchor) {
    for (let start = 0; start < band.arrows.length; start += MOST_ROWS) {
      const drawing = make("g", {});
      let height = start ? 0 : MARGIN;
      for (const arrow of band.arrows.slice(start, start + MOST_ROWS)) {
        const [taken, drawn] = drawArrow(arrow, height, sequence.lanes, text, anchor);
        drawing.append(drawn);
        height += taken;
      }
      height += MARGIN;
      const life = sequence.lanes.map(({ x }) => `M${x} 0V${height}`).join("");
      const name = text(band.index) ? `step ${text(band.index)}: ${text(band.action)}` : "before the steps";
      const part = canvas(sequence.width, height, { role: "group" },
        make("title", {}, name), make("path", { class: "life", d: life }));
      if (!start) part.append(...drawIndex(band, sequence.width, text));
      part.append(drawing);
      yield part;
    }
  }

  function drawIndex(band, width, text) {
    const mark = [text(band.index), band.failed ? "✗" : ""].filter(Boolean).join(" ");
    const index = make("g", { class: band.failed ? "index lost" : "index", "aria-hidden": "true" },
      make("text", { x: 4, y: 24 }, mark));
    if (text(band.role)) index.append(make("text", { class: text(band.role), x: 4, y: 38 }, text(band.role)));
    return [make("path", { class: "rule", d: `M0 0.5H${width}` }), index];
  }

  function drawLegend(sequence, text) {
    const present = new Set(sequence.bands.flatMap((band) => band.arrows.map((arrow) => text(arrow[3]))));
    const legend = html("span", "legend");
    for (const [outcome, word] of Object.entries(WORDS)) {
      if (!present.has(outcome)) continue;
      const sample = canvas(36, 12, { "aria-hidden": "true" }, line("M1 6H33"), point(tip(35, 6, 1, outcome)));
      legend.append(html("span", outcome, sample, ` ${word}`));
    }
    return legend;
  }

  return (sequence, text, anchor) => {
    const timeline = html("a", "", "the timeline");
    timeline.href = `#${anchor}.timeline`;
    const requests = sequence.count === 1 ? "1 request" : `${sequence.count} requests`;
    const caption = html("figcaption", "", html("strong", "", "Sequence"),
      html("span", "", `${requests}, each a link to what was on the wire; the same in words: `, timeline),
      drawLegend(sequence, text));
    const box = html("div", "scroll", drawHeads(sequence, text));
    for (const band of sequence.bands) box.append(...drawBand(band, sequence, text, anchor));
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Sequence diagram");
    return html("figure", "sequence", caption, box);
  };
})();
