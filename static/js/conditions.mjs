// Questions that are asked of some only: hidden until the answer they depend on is given. The server decides all the same.

const dependent = [...document.querySelectorAll("[data-depends-on]")];

const follow = () => {
  // A question may depend on one that is hidden itself: in order of the page, which is the order of asking.
  for (const part of dependent) {
    const controls = document.getElementsByName(part.dataset.dependsOn);
    const given = [...controls].some((control) => {
      const hidden = control.closest("[data-depends-on]")?.hidden;
      const answer = control.type === "checkbox" && controls.length === 1 && part.dataset.answer === "yes" ? "yes" : control.value;
      return control.checked && !hidden && answer === part.dataset.answer;
    });
    part.hidden = !given;
  }
};

document.addEventListener("change", follow);
follow();
