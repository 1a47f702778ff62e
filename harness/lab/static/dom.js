// Elements from plain values. Text reaches the page as text nodes only.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

export const unseen = (text) => make("span", { class: "unseen" }, text);

export function listTerms(rows) {
  const list = make("dl");
  for (const [name, value, aside] of rows) {
    list.append(make("dt", {}, name), make("dd", {}, value, aside ? make("span", { class: "aside" }, aside) : ""));
  }
  return list;
}

// What a screen reader is told beside what is seen.
export function tell(text) {
  byId("told").textContent = text;
}

export function complain(reasons) {
  byId("alert").hidden = !reasons.length;
  byId("trouble").textContent = reasons.join("; ");
}

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
