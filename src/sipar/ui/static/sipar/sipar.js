"use strict";
// Everything here only adds comfort: each page works before this file arrives.
(() => {
  const root = document.documentElement;
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const typing = (element) => element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = token; });

  // Theme: the server keeps the cookie, the page changes at once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    root.dataset.bsTheme = event.submitter.value;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === event.submitter));
    document.querySelector("[popovertarget=theme-menu] use").setAttribute("href", event.submitter.querySelector("use").getAttribute("href"));
    const data = new FormData(form, event.submitter);
    fetch(form.action, { method: "POST", body: data, redirect: "manual" });
    form.hidePopover?.();
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && event.target.type !== "search") form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    // An address without empty filters is short enough to send to a colleague.
    if (!event.target.matches("form[data-autosubmit]")) return;
    for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[data-autosubmit] :disabled")) field.disabled = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const search = document.getElementById("search");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    } else {
      const target = document.querySelector(`[data-key-press="${CSS.escape(event.key)}"]`);
      if (target) { event.preventDefault(); target.click(); }
    }
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-copy]");
    if (!link || !navigator.clipboard) return;
    event.preventDefault();
    await navigator.clipboard.writeText(new URL(link.getAttribute("href"), location.href).href);
    const words = link.querySelector("span");
    const before = words.textContent;
    words.textContent = link.dataset.copied;
    setTimeout(() => { words.textContent = before; }, 2000);
  });

  // Column choice: remembered on this device, per table.
  const showColumns = (menu) => {
    const table = document.getElementById(menu.dataset.columnsOf);
    if (!table) return;
    const hidden = new Set([...menu.querySelectorAll("input:not(:checked)")].map((box) => box.value));
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      for (const row of table.rows) if (row.cells.length === heads.length) row.cells[index].hidden = hidden.has(head.dataset.key);
    });
    return [...hidden];
  };
  const startColumns = (part) => {
    for (const menu of part.querySelectorAll("[data-columns-of]")) {
      const key = `sipar-columns-${menu.dataset.columnsOf}`;
      let hidden = [];
      try { hidden = JSON.parse(localStorage.getItem(key) ?? "[]"); } catch { localStorage.removeItem(key); }
      for (const box of menu.querySelectorAll("input:enabled")) box.checked = !hidden.includes(box.value);
      showColumns(menu);
      menu.addEventListener("change", () => localStorage.setItem(key, JSON.stringify(showColumns(menu))));
    }
    for (const element of part.querySelectorAll("[data-needs-script]")) element.hidden = false;
  };
  startColumns(document);
  document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) startColumns(event.detail.elt); });

  document.querySelector("[data-focus]")?.focus();
})();
