// A box above a long list of ticks that shows only those with the words typed. Without scripts the list is whole.

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

for (const list of document.querySelectorAll("[data-narrow]")) {
  const lines = [...list.children].map((line) => [line, fold(line.textContent), line.querySelector("input")]);
  const box = document.createElement("input");
  const none = document.createElement("p");
  box.type = "search";
  box.className = "form-control list-filter";
  box.placeholder = list.dataset.narrow;
  box.setAttribute("aria-label", list.dataset.narrow);
  none.className = "hint";
  none.setAttribute("role", "status");

  box.addEventListener("input", (event) => {
    // What is typed here is no answer: it must not set the page saving itself.
    event.stopPropagation();
    const words = fold(box.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [line, text] of lines) {
      line.hidden = !words.every((word) => text.includes(word));
      shown += line.hidden ? 0 : 1;
    }
    none.textContent = shown ? "" : list.dataset.none;
  });
  box.addEventListener("change", (event) => event.stopPropagation());
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = lines.filter(([line]) => !line.hidden);
    if (found.length === 1) found[0][2].click();
  });
  list.before(box);
  list.after(none);
}
