// A form for any step: who does what, with the fields that the verb asks for.
import { byId, complain, make, tell } from "./dom.js";
import { get, post } from "./api.js";

const SAYS = {
  mints: "mints a token", calls: "calls the API", approves: "approves", asks: "asks Seer",
  continues: "says more to Seer", answers: "answers Seer", interrupts: "interrupts Seer",
};
// What a presenter most likely means.
const FIRST = {
  mints: { actor: "agent" }, calls: { actor: "agent", method: "get", path: "/api/0/organizations/{first}/" },
  approves: { actor: "user", scopes: "org:write" }, asks: { query: "Rename this organization to Initech" },
  "moves clock": { by: "6m" },
};

let verbs = [];
let names = {};
let form = null;

const chosen = () => verbs.find((one) => one.verb === byId("verb").value);

function option(value, text = value) {
  return make("option", { value }, text);
}

function actorsOf(verb) {
  return verb.actors.flatMap((actor) => (actor === "user" ? names.users || [] : [actor]));
}

function freeName(stem, taken) {
  for (let number = 1; ; number += 1) if (!taken.includes(`${stem}${number}`)) return `${stem}${number}`;
}

// What a field begins with: the only thing that makes sense, or nothing.
function first(verb, field) {
  const given = (FIRST[verb.verb] || {})[field.key];
  if (given !== undefined) return given;
  if (field.key === "as") return verb.verb === "asks" ? freeName("run", names.runs) : freeName("token", names.tokens);
  if (field.key === "session") return names.sessions[names.sessions.length - 1] || "s1";
  const known = names[field.names] || [];
  const useful = field.required || (verb.verb === "mints" && ["for", "in"].includes(field.key)) || (verb.verb === "calls" && field.key === "with");
  if (!useful || field.names === "scopes") return "";
  return field.key === "with" ? known[known.length - 1] || "" : known[0] || "";
}

function showField(verb, field, place) {
  const id = `field-${place}`;
  const shared = { id, name: field.key, required: field.required, "aria-describedby": field.help ? `${id}-help` : null };
  const value = first(verb, field);
  let input;
  if (field.type === "choice") {
    input = make("select", shared, field.required ? [] : [option("", "–")], field.options.map((one) => option(one)));
  } else if (field.type === "flag") {
    input = make("select", shared, [option("true", "yes"), option("false", "no")]);
  } else if (field.type === "json") {
    input = make("textarea", { ...shared, rows: 2, spellcheck: "false" });
  } else {
    input = make("input", { ...shared, list: names[field.names] ? `known-${field.names}` : null, spellcheck: "false" });
  }
  if (value) input.value = value;
  return make("p", { class: "field" }, make("label", { for: id }, field.key), input,
    field.help ? make("small", { id: `${id}-help` }, field.help) : "");
}

function draw() {
  const verb = chosen();
  if (!verb) return;
  const actors = actorsOf(verb);
  const asked = (FIRST[verb.verb] || {}).actor;
  const fields = (more) => verb.fields.filter((field) => field.more === more)
    .map((field) => showField(verb, field, verb.fields.indexOf(field)));
  byId("actor").replaceChildren(...actors.map((one) => option(one)));
  byId("actor").value = asked === "user" ? (names.users || [])[0] : asked || actors[0];
  const more = fields(true);
  byId("fields").replaceChildren(...fields(false),
    more.length ? make("details", { class: "more" }, make("summary", {}, "More"), more) : "");
}

function read(input, field) {
  const text = input.value.trim();
  if (!text) return undefined;
  if (field.type === "words") return text.split(/[\s,]+/);
  if (field.type === "flag") return text === "true";
  if (field.type === "json") {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`${field.key}: this is no JSON`);
    }
  }
  return text;
}

function collect(verb) {
  const values = {};
  verb.fields.forEach((field, place) => {
    const input = byId(`field-${place}`);
    const value = read(input, field);
    if (value !== undefined) values[field.key] = value;
  });
  if (verb.verb === "calls") {
    const { method, path, ...others } = values;
    return { [method]: path, ...others };
  }
  return values;
}

async function submit(event) {
  event.preventDefault();
  const verb = chosen();
  let values;
  try {
    values = collect(verb);
  } catch (error) {
    complain([error.message]);
    return;
  }
  const actor = byId("actor").value;
  if (await post("/api/step", { actor, verb: verb.verb, arguments: values })) tell(`${actor} ${verb.verb}: done`);
}

export function showNames(fresh) {
  const before = JSON.stringify(names);
  if (JSON.stringify(fresh) === before) return;
  names = fresh;
  byId("known").replaceChildren(...Object.entries(names).map(([kind, known]) =>
    make("datalist", { id: `known-${kind}` }, known.map((one) => option(one)))));
  // Whoever is filling the form in keeps what they wrote.
  if (!form.contains(document.activeElement)) draw();
}

export async function wireFree() {
  form = byId("free");
  form.append(
    make("div", { class: "pair" },
      make("p", { class: "field" }, make("label", { for: "verb" }, "what"), make("select", { id: "verb", onchange: draw })),
      make("p", { class: "field" }, make("label", { for: "actor" }, "who"), make("select", { id: "actor" }))),
    make("div", { id: "fields" }), make("div", { id: "known", hidden: true }),
    make("div", { class: "buttons" }, make("button", { class: "first" }, "Do it")));
  form.addEventListener("submit", submit);
  verbs = (await get("/api/verbs")) || [];
  byId("verb").replaceChildren(...verbs.map(({ verb }) => option(verb, SAYS[verb] || verb)));
  byId("verb").value = "calls";
  draw();
}
