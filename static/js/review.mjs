// A review saves itself a moment after the last key. Without scripts, or without a connection, the button saves it.

const form = document.querySelector("[data-review]");
const status = form.querySelector("[data-status]");
// The buttons are called "action" too, which hides the property of the form.
const address = form.getAttribute("action");
const WAIT = 2000;
let timer = 0;
let changed = false;
let running = false;
let stopped = false;

const say = (words, trouble = false) => {
  status.textContent = words;
  status.classList.toggle("review-status-trouble", trouble);
};

const later = (wait) => {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
};

async function save() {
  if (stopped || !changed) return;
  if (running) {
    later(WAIT);
    return;
  }
  running = true;
  changed = false;
  say(status.dataset.saving);
  const body = new URLSearchParams(new FormData(form));
  body.set("action", "save");
  try {
    const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
    const kind = answer.headers.get("Content-Type") ?? "";
    const told = kind.startsWith("application/json") ? await answer.json() : {};
    if (answer.ok) {
      form.elements.revision.value = told.revision;
      say(told.message);
    } else if (answer.status === 422) {
      say(Object.values(told.errors ?? {}).join(" ") || status.dataset.failed, true);
    } else {
      // Somebody else wrote, or the session is over: what is typed stays, and the button tells what to do.
      stopped = true;
      say(told.message ?? status.dataset.failed, true);
    }
  } catch {
    changed = true;
    say(status.dataset.offline, true);
    later(10 * WAIT);
  }
  running = false;
}

form.addEventListener("input", () => {
  changed = true;
  later(WAIT);
});
window.addEventListener("online", () => later(0));
window.addEventListener("beforeunload", (event) => {
  if (changed && !form.dataset.sent) event.preventDefault();
});

// Advice appears with a low score.
const advise = () => {
  for (const advice of form.querySelectorAll("[data-advice]")) {
    const chosen = form.querySelector(`input[name="${advice.dataset.advice}"]:checked`);
    advice.hidden = !chosen || !advice.dataset.scores.split(" ").includes(chosen.value);
  }
};
form.addEventListener("change", advise);
advise();
