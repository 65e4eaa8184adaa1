"use strict";
// The duty desk by keyboard: j and k walk through the rows, and the keys of the verbs belong to the row that has the focus.
(() => {
  const rows = () => [...document.querySelectorAll("[data-duty-desk] [data-row]")];
  const current = () => document.activeElement?.closest("[data-row]");

  // sipar.js presses the first element that carries a key: only the row in hand carries any.
  const arm = () => {
    for (const element of document.querySelectorAll("[data-row-key][data-key-press]")) element.removeAttribute("data-key-press");
    const row = current() ?? rows()[0];
    if (!row) return;
    for (const element of row.querySelectorAll("[data-row-key]")) element.dataset.keyPress = element.dataset.rowKey;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const step = { j: 1, k: -1 }[event.key];
    if (!step) return;
    const all = rows();
    if (!all.length) return;
    const place = all.indexOf(current());
    const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(place + step, 0), all.length - 1);
    event.preventDefault();
    all[next].querySelector("[data-row-link]").focus();
    all[next].scrollIntoView({ block: "nearest" });
  });

  // A refresh puts the focus back by id; where the row has gone, the one that took its place has it.
  let lost = -1;
  document.addEventListener("htmx:beforeSwap", () => { lost = rows().indexOf(current()); });
  document.addEventListener("htmx:afterSettle", () => {
    if (lost >= 0 && !current()) rows()[Math.min(lost, rows().length - 1)]?.querySelector("[data-row-link]").focus({ preventScroll: true });
    arm();
  });
  document.addEventListener("focusin", arm);
  arm();
})();
