// A step saves itself while it is written. What the server has not acknowledged stays in this browser: through a lost connection, a closed
// tab and a session that ended. Each page that is open has a name of its own and sends only the revision it knows, so that two windows and
// two people never overwrite each other unseen.

const form = document.querySelector("form[data-autosave]");
const status = form.querySelector("[data-status]");
const words = form.dataset;
const address = new URL(form.getAttribute("action"), location.href).pathname;
const shelf = `sheet:${words.autosave}:${address}:`;
const DAYS_KEPT = 30;
const PAUSE = 1200;
const LONGEST_PAUSE = 60_000;
const OWN_AFFAIRS = new Set(["csrf_token", "revision", "form", "action"]);

const time = (at, long = false) => new Intl.DateTimeFormat(document.documentElement.lang, long ? { dateStyle: "medium", timeStyle: "short" } : { timeStyle: "short" }).format(at);

const own = shelf + form.elements.form.value;

// The browser tells which of our pages are open by the locks they hold.
navigator.locks?.request(own, () => new Promise(() => {}));

let changes = 0;
let acknowledged = 0;
let timer = 0;
let sending = false;
let tries = 0;
let leaving = false;

const tell = (text, tone = "") => {
  if (status.textContent !== text) status.textContent = text;
  status.hidden = false;
  status.dataset.tone = tone;
};

const body = () => {
  const pairs = new URLSearchParams();
  for (const [key, value] of new FormData(form)) if (typeof value === "string" && !key.startsWith("seen.")) pairs.append(key, value);
  return pairs;
};

const remember = () => {
  try {
    localStorage.setItem(own, JSON.stringify({ at: Date.now(), body: body().toString() }));
  } catch {
    // A browser that keeps nothing still saves to the server.
  }
};

const forget = (key = own) => {
  try {
    localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
};

const later = (pause) => {
  clearTimeout(timer);
  timer = setTimeout(save, pause);
};

// What the server says about each answer.
const say = (answer) => {
  form.elements.revision.value = answer.revision;
  for (const slot of form.querySelectorAll("[data-error-of]")) {
    const message = answer.errors[slot.dataset.errorOf] ?? "";
    if (slot.textContent.trim() === message && slot.hidden === !message) continue;
    slot.textContent = message;
    slot.hidden = !message;
    const box = document.getElementById(slot.dataset.errorOf);
    if (message) box?.setAttribute("aria-invalid", "true");
    else box?.removeAttribute("aria-invalid");
    slot.parentElement.classList.toggle("field-wrong", Boolean(message));
  }
  for (const slot of form.querySelectorAll("[data-understood]")) {
    const text = answer.understood[slot.dataset.understood] ?? "";
    slot.textContent = text;
    slot.hidden = !text;
  }
  for (const slot of form.querySelectorAll("[data-standing-of]")) {
    const told = answer.standing[slot.dataset.standingOf] ?? "";
    if ((slot.dataset.told ?? "") === told) continue;
    slot.dataset.told = told;
    slot.innerHTML = told;
  }
  for (const field of form.querySelectorAll("[data-field]")) {
    const asked = answer.asked.includes(field.dataset.field);
    if (asked || !field.contains(document.activeElement)) field.hidden = !asked;
  }
};

const refused = async (answer) => {
  if (answer.type === "opaqueredirect" || answer.status === 401) return tell(words.signedOut, "warning");
  const told = answer.headers.get("Content-Type")?.startsWith("application/json") ? (await answer.json()).message : "";
  tell(told || words.failed, "warning");
};

const send = (pairs, more = {}) => fetch(address, { method: "POST", headers: { Accept: "application/json" }, body: pairs, redirect: "manual", ...more });

const save = async () => {
  if (sending || leaving || changes === acknowledged) return;
  sending = true;
  const upTo = changes;
  const pairs = body();
  pairs.set("action", "autosave");
  tell(words.saving);
  try {
    const answer = await send(pairs);
    if (leaving) return;
    if (answer.ok && answer.status === 200) {
      const told = await answer.json();
      tries = 0;
      acknowledged = upTo;
      say(told);
      const isWhole = !Object.keys(told.errors).length && !Object.keys(told.standing).length;
      if (isWhole && changes === upTo) forget();
      tell((isWhole ? words.saved : words.partly).replace("#", time(new Date(told.saved_at))), isWhole ? "" : "warning");
      if (changes !== upTo) later(PAUSE);
    } else {
      await refused(answer);
      if (answer.status >= 500 || answer.status === 429) later(wait());
    }
  } catch {
    tell(words.offline, "warning");
    later(wait());
  } finally {
    sending = false;
  }
};

const wait = () => Math.min(LONGEST_PAUSE, 3000 * 2 ** tries++);

const typed = (event) => {
  if (event.target.closest("[data-kept]")) return;
  changes += 1;
  remember();
  const gap = event.target.id && form.querySelector(`[data-gap="${CSS.escape(event.target.id)}"]`);
  if (gap && event.target.value) gap.hidden = true;
  later(PAUSE);
};

form.addEventListener("input", typed);
form.addEventListener("change", typed);
window.addEventListener("online", () => { tries = 0; later(0); });

// Whoever leaves takes nothing along: what is not acknowledged is sent once more, and stays in the browser until it is.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden" || changes === acknowledged || leaving) return;
  const pairs = body();
  pairs.set("action", "autosave");
  if (pairs.toString().length < 60_000) send(pairs, { keepalive: true }).catch(() => {});
});

// A button sends the form only when the server has everything: without a connection the page would be gone with what is in it.
form.addEventListener("submit", async (event) => {
  if (changes === acknowledged || leaving) {
    leaving = true;
    clearTimeout(timer);
    // What one decided about two texts is not offered again.
    if (/^(keep_mine|take_theirs):/.test(event.submitter?.value ?? "")) sessionStorage.setItem("settled", own);
    setTimeout(() => { leaving = false; }, 8000);
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const button = event.submitter;
  clearTimeout(timer);
  while (sending) await new Promise((resolve) => { setTimeout(resolve, 50); });
  await save();
  if (changes === acknowledged) form.requestSubmit(button?.form === form ? button : null);
});

// What other pages of this step left behind, and no page is writing any more.
const left = async () => {
  const alive = new Set((await navigator.locks?.query().catch(() => null))?.held?.map((lock) => lock.name) ?? []);
  const found = [];
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith("sheet:")) continue;
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(key));
    } catch {
      kept = null;
    }
    if (!kept?.body || Date.now() - kept.at > DAYS_KEPT * 86_400_000) forget(key);
    else if (key.startsWith(shelf) && key !== own && !alive.has(key)) found.push({ key, ...kept });
  }
  return found.sort((one, other) => other.at - one.at);
};

const answers = (pairs) => [...pairs].filter(([key, value]) => value && !OWN_AFFAIRS.has(key) && !/\.(at|key)$/.test(key)).map(([key, value]) => `${key.replace(/\.n[0-9a-f]{22}\./, ".+.")}=${value.replace(/\r\n/g, "\n")}`).sort().join("\n");

const offer = async () => {
  const present = answers(body());
  const settled = sessionStorage.getItem("settled");
  sessionStorage.removeItem("settled");
  if (settled && !form.hasAttribute("data-answered")) forget(settled);
  for (const kept of await left()) {
    if (answers(new URLSearchParams(kept.body)) === present) {
      forget(kept.key);
      continue;
    }
    const note = form.querySelector("[data-kept]");
    note.querySelector("[data-kept-text]").textContent = words.found.replace("#", time(new Date(kept.at), true));
    note.querySelector("[data-put-back]").addEventListener("click", () => putBack(kept));
    note.querySelector("[data-throw-away]").addEventListener("click", () => { forget(kept.key); note.hidden = true; });
    note.hidden = false;
    note.focus();
    break;
  }
};

const putBack = async (kept) => {
  const pairs = new URLSearchParams(kept.body);
  pairs.set("csrf_token", form.elements.csrf_token.value);
  pairs.set("action", "autosave");
  try {
    const answer = await send(pairs);
    if (answer.status !== 200) return await refused(answer);
    const told = await answer.json();
    leaving = true;
    if (!Object.keys(told.errors).length && !Object.keys(told.standing).length) {
      forget(kept.key);
      location.reload();
      return;
    }
    // Something needs the writer: the form is sent whole and comes back filled, with what stands against it.
    const whole = document.createElement("form");
    whole.method = "post";
    whole.action = address;
    pairs.set("action", "save");
    for (const [key, value] of pairs) {
      const box = document.createElement("textarea");
      box.name = key;
      box.value = value;
      whole.append(box);
    }
    whole.hidden = true;
    document.body.append(whole);
    whole.submit();
  } catch {
    tell(words.offline, "warning");
  }
};

// A page that answers a refused form holds text that is stored nowhere yet.
if (form.hasAttribute("data-answered")) remember();
try {
  await offer();
} catch {
  // Without storage there is nothing to offer.
}
