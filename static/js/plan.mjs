// A meeting of a draft is dragged to another cell: the same form as on its page is posted, checked by the server, and the plan comes back.
// Without scripts, and with a keyboard, "Move" in the meeting does the same.

const words = (text) => {
  const status = document.querySelector("[data-plan-status]");
  const note = document.createElement("p");
  note.className = "notice notice-warning";
  note.textContent = text;
  status.replaceChildren(note);
};

let dragged = null;

const plan = () => document.getElementById("plan");

const exchange = async (answer) => {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("plan");
  if (!fresh) return location.reload();
  // A live region tells what comes into it, not what it came with.
  const status = fresh.querySelector("[data-plan-status]");
  const told = [...status.childNodes];
  status.replaceChildren();
  setTimeout(() => status.replaceChildren(...told), 100);
  const scrolled = [...document.querySelectorAll(".plan-scroll")].map((box) => box.scrollLeft);
  plan().replaceWith(fresh);
  document.querySelectorAll(".plan-scroll").forEach((box, place) => (box.scrollLeft = scrolled[place] ?? 0));
};

const move = async (meeting, cell) => {
  const form = new FormData();
  for (const name of ["first", "second", "round"]) form.set(name, meeting.dataset[name]);
  form.set("slot", cell.dataset.slot);
  form.set("table", cell.dataset.table || "");
  form.set("revision", plan().dataset.revision);
  try {
    const answer = await fetch(plan().dataset.move, { method: "POST", body: form, headers: { "X-Plan": "grid" } });
    await exchange(answer);
  } catch {
    words(plan().dataset.offline);
  }
};

const target = (event) => event.target.closest?.("#plan[data-editable] td[data-slot]:not(.plan-closed)");

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(".plan-meeting[draggable]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  // Some browsers drag only what carries data.
  event.dataTransfer.setData("text/plain", dragged.textContent.trim());
});

document.addEventListener("dragover", (event) => {
  const cell = dragged && target(event);
  if (!cell) return;
  event.preventDefault();
  document.querySelectorAll(".plan-target").forEach((other) => other.classList.remove("plan-target"));
  cell.classList.add("plan-target");
});

document.addEventListener("drop", (event) => {
  const cell = dragged && target(event);
  document.querySelectorAll(".plan-target").forEach((other) => other.classList.remove("plan-target"));
  if (!cell || cell.contains(dragged)) return;
  event.preventDefault();
  move(dragged, cell);
  dragged = null;
});

document.addEventListener("dragend", () => (dragged = null));
