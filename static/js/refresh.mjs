// A list that is moving renews itself: the part marked data-refresh (seconds) is fetched again and exchanged, unless the reader is busy in it
// or has switched it off. Without scripts the link "Refresh" does the same.

const control = document.querySelector("[data-refresh-switch]");
let running = true;

control.hidden = false;
const words = { stop: control.textContent, start: control.dataset.start };
control.addEventListener("click", () => {
  running = !running;
  control.textContent = running ? words.stop : words.start;
});

const isBusy = (part) => document.hidden || part.contains(document.activeElement) || part.querySelector("dialog[open], details[open]");

const renew = async () => {
  const part = document.querySelector("[data-refresh]");
  if (!part) {
    control.hidden = true;
    return;
  }
  if (running && !isBusy(part)) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && !answer.redirected && page.getElementById(part.id);
      if (fresh && !isBusy(part)) part.replaceWith(fresh);
    } catch {
      // The network may be back at the next turn.
    }
  }
  setTimeout(renew, Number(part.dataset.refresh) * 1000);
};

setTimeout(renew, 4000);
