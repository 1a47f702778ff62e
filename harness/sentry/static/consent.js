// Keeps anybody from approving unseen: an approval works when the page has been in view for a
// moment, by a press that began on it, and once.
"use strict";

const MOMENT = 700;

function guard(form) {
  const approve = form.querySelector('button[value="approve"]');
  if (!approve || !("guarded" in form.dataset)) return;
  let timer = null;
  const wait = () => {
    clearTimeout(timer);
    approve.disabled = true;
    if (document.visibilityState === "visible" && document.hasFocus()) {
      timer = setTimeout(() => { approve.disabled = false; form.dataset.ready = ""; }, MOMENT);
    }
  };
  document.addEventListener("visibilitychange", wait);
  window.addEventListener("focus", wait);
  window.addEventListener("blur", wait);
  // A key that was held down since another page, and the second click of two, are no decision.
  form.addEventListener("keydown", (event) => { if (event.repeat) event.preventDefault(); });
  approve.addEventListener("click", (event) => { if (event.detail > 1) event.preventDefault(); });
  wait();
}

for (const form of document.querySelectorAll("form[data-consent]")) {
  guard(form);
  form.addEventListener("submit", (event) => {
    if ("sent" in form.dataset || !event.isTrusted) { event.preventDefault(); return; }
    form.dataset.sent = "";
  });
}

// A page that the back button brings back shows what was, and decides nothing any more.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
