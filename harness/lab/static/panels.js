// The tokens that were minted and the grants that stand, each with the time that is left.
import { byId, listTerms, make, unseen } from "./dom.js";
import { left, now, onTick } from "./clock.js";

const countdowns = new Map();

function countdown(expires, issued) {
  const words = make("span", { class: "left", role: "timer" });
  const bar = make("span", { class: "ember" });
  const box = make("div", { class: "countdown" }, words, make("span", { class: "track", "aria-hidden": "true" }, bar));
  countdowns.set(box, { expires, issued, words, bar });
  refresh(box, now());
  return box;
}

function refresh(box, at) {
  const { expires, issued, words, bar } = countdowns.get(box);
  if (at === null) return;
  const rest = left(expires - at);
  words.textContent = rest ? `${rest} left` : "expired";
  box.classList.toggle("over", !rest);
  const share = Math.max(0, Math.min(1, (expires - at) / (expires - issued)));
  bar.style.inlineSize = `${share * 100}%`;
  const card = box.closest(".card");
  if (card) card.classList.toggle("over", !rest);
}

onTick((at) => {
  for (const box of countdowns.keys()) {
    if (box.isConnected) refresh(box, at);
    else countdowns.delete(box);
  }
});

const isWrite = (scope) => !scope.endsWith(":read");

function scopeList(scopes, gained = []) {
  return make("ul", { class: "scopes", "aria-label": "Scopes" }, scopes.map((scope) => make("li", {
    class: `scope${isWrite(scope) ? " write" : ""}${gained.includes(scope) ? " gained" : ""}`,
  }, gained.includes(scope) ? unseen("gained ") : "", gained.includes(scope) ? "+" : "", scope)));
}

function changeOf(change) {
  const parts = [];
  if (change.gained.length) parts.push(`gained ${change.gained.join(" ")}`);
  if (change.lost.length) parts.push(`lost ${change.lost.join(" ")}`);
  // That it was minted later goes without saying.
  const told = change.claims.filter(([name]) => !["iat", "exp"].includes(name));
  for (const [name, was, is] of told) parts.push(`${name}: ${was || "none"} → ${is || "none"}`);
  return `Since ${change.since}: ${parts.join("; ") || "the same claims and scopes"}.`;
}

function showToken(token) {
  const gained = token.change ? token.change.gained : [];
  return make("li", { class: "card token" },
    make("h3", {}, token.label),
    token.expires ? countdown(token.expires * 1000, (token.issued || token.expires - 300) * 1000) : "",
    scopeList(token.scopeNames, gained),
    token.change ? make("p", { class: "change" }, changeOf(token.change)) : "",
    make("details", {}, make("summary", {}, "Claims"), listTerms(token.claims)));
}

const empty = (text) => make("p", { class: "empty" }, text);

export function clearTokens() {
  byId("tokens").replaceChildren(empty("No token was minted yet."));
}

export function addToken(token) {
  const box = byId("tokens");
  let list = box.querySelector("ol");
  if (!list) {
    list = make("ol", { class: "cards", reversed: true });
    box.replaceChildren(list);
  }
  list.prepend(showToken(token));
}

let told = "";

export function showGrants(grants) {
  const text = JSON.stringify(grants);
  if (text === told && byId("grants").childElementCount) return;
  told = text;
  if (!grants.length) {
    byId("grants").replaceChildren(empty("Nothing was approved: agents read, and write nothing."));
    return;
  }
  byId("grants").replaceChildren(make("ol", { class: "cards" }, grants.map((grant) => make("li", { class: "card grant" },
    make("h3", {}, grant.user),
    make("p", { class: "where" }, `in ${grant.organization}, for the agent session `, make("code", {}, grant.session)),
    countdown(Date.parse(grant.expires), Date.parse(grant.expires) - 4 * 3600e3),
    scopeList(grant.scopes)))));
}
