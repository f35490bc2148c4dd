// Help in forms: show a password, count characters, go to the errors, send once.

for (const button of document.querySelectorAll("[data-shows]")) {
  const control = document.getElementById(button.dataset.shows);
  const show = button.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    const hidden = control.type === "password";
    control.type = hidden ? "text" : "password";
    button.textContent = hidden ? button.dataset.hide : show;
  });
  // Password managers recognise only fields of type password.
  control.form?.addEventListener("submit", () => { control.type = "password"; });
}

for (const note of document.querySelectorAll("[data-counts]")) {
  const control = document.getElementById(note.dataset.counts);
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const count = () => {
    // The server counts code points and receives a line break as two of them.
    const length = [...control.value.replace(/\r?\n/g, "\r\n")].length;
    const left = Number(note.dataset.max) - length;
    note.textContent = (left < 0 ? note.dataset.over : note.dataset.left).replace("#", numbers.format(Math.abs(left)));
    note.classList.toggle("counter-over", left < 0);
  };
  control.addEventListener("input", count);
  count();
}

// Long lists: tick everything that can be ticked, or nothing.
for (const button of document.querySelectorAll("[data-ticks]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll(`.tick[form="${button.dataset.ticks}"]`)];
    const every = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !every;
  });
}

document.querySelector("[data-error-summary]")?.focus();

// A second click must not send a form twice. The lock opens by itself, because an answer that is a download leaves the page where it is;
// a form that only downloads (data-downloads) has none, so that one file after the other can be had.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // What is shown in a frame (a preview) leaves the page where it is as well, and is no act.
  if (form.method !== "post" || "downloads" in form.dataset || event.submitter?.formMethod === "dialog" || event.submitter?.formTarget) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
});
