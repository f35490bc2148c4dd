// Tables of entries in a form: entries are added and removed in the page. Without scripts the same buttons ask the server.

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(11)), (part) => part.toString(16).padStart(2, "0")).join("");

const number = (table) => {
  const entries = table.querySelectorAll(":scope > [data-row]");
  entries.forEach((entry, place) => {
    entry.querySelector("legend").textContent = table.dataset.entry.replace("#", place + 1);
  });
  const adds = document.querySelector(`[data-adds="${table.dataset.rows}"]`);
  adds.hidden = entries.length >= Number(table.dataset.most);
};

const changed = (table) => table.dispatchEvent(new Event("input", { bubbles: true }));

document.addEventListener("click", (event) => {
  const adds = event.target.closest("[data-adds]");
  const removes = event.target.closest("[data-removes]");
  if (adds) {
    event.preventDefault();
    const table = document.querySelector(`[data-rows="${adds.dataset.adds}"]`);
    const pattern = document.querySelector(`template[data-row-of="${adds.dataset.adds}"]`);
    const name = `n${random()}`;
    const parts = document.createElement("template");
    parts.innerHTML = pattern.innerHTML.replaceAll("NEWROW", name).replaceAll("NEWKEY", random());
    table.append(parts.content);
    number(table);
    table.lastElementChild.querySelector("select, input:not([type=hidden]), textarea").focus();
  } else if (removes) {
    event.preventDefault();
    const table = document.querySelector(`[data-rows="${removes.dataset.removes}"]`);
    const entry = removes.closest("[data-row]");
    const next = entry.nextElementSibling ?? entry.previousElementSibling;
    entry.remove();
    number(table);
    const way = next?.querySelector("[data-removes]") ?? document.querySelector(`[data-adds="${removes.dataset.removes}"]`);
    way.focus();
    changed(table);
  }
});

for (const table of document.querySelectorAll("[data-rows]")) number(table);
