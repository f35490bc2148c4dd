// Questions before an act: a link that leads to the confirm page opens the dialog with the same question instead.

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-opens]");
  const dialog = link && document.getElementById(link.dataset.opens);
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.showModal();
});

// The dialog fills its own box, so a click on the dialog element itself is a click beside it.
document.addEventListener("click", (event) => {
  if (!(event.target instanceof HTMLDialogElement)) return;
  const box = event.target.getBoundingClientRect();
  const within = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!within) event.target.close();
});
