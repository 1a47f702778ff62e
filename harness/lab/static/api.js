// The lab's own API: same origin, with the cookie of this run.
import { complain } from "./dom.js";

// Gives the answer, or null after saying why there is none.
async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    complain(["The lab does not answer: it may have been ended."]);
    return null;
  }
  if (answer.ok) {
    complain([]);
    return answer;
  }
  const said = await answer.json().catch(() => null);
  complain(said && said.reasons ? said.reasons : [`The lab answered ${answer.status}.`]);
  return null;
}

export async function get(path) {
  const answer = await ask(path);
  return answer && answer.json();
}

export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer) return null;
  return answer.status === 204 ? {} : answer.json();
}
