"use strict";
// Dragging a bar sends the same two dates as the form of the item; without this file the form does it all.
(() => {
  const form = document.getElementById("roadmap-move");
  const picture = document.querySelector(".sp-plan svg");
  if (!form || !picture) return;
  const mirrored = document.documentElement.dir === "rtl" ? -1 : 1;
  const days = Number(picture.dataset.days);
  const moved = (day, by) => {
    if (!day) return "";
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + by);
    return date.toISOString().slice(0, 10);
  };
  let held = null;
  picture.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest("[data-drag]");
    if (!bar || event.button !== 0) return;
    held = { bar, from: event.clientX, by: 0 };
    bar.classList.add("sp-dragged");
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!held) return;
    const day = picture.getBoundingClientRect().width / days;
    held.by = Math.round((event.clientX - held.from) / day) * mirrored;
    const shift = (held.by * mirrored * Number(picture.dataset.width)) / days;
    held.bar.setAttribute("transform", `translate(${shift} 0)`);
  });
  const release = (send) => {
    if (!held) return;
    const { bar, by } = held;
    held = null;
    bar.classList.remove("sp-dragged");
    if (!send || by === 0) { bar.removeAttribute("transform"); return; }
    form.action = bar.dataset.drag;
    form.elements.starts_on.value = moved(bar.dataset.starts, by);
    form.elements.due_on.value = moved(bar.dataset.due, by);
    form.submit();
  };
  picture.addEventListener("pointerup", () => release(true));
  picture.addEventListener("pointercancel", () => release(false));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") release(false); });
})();
