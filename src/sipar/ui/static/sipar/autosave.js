"use strict";
// Saves a form[data-autosave] while it is filled in. Contract: docs/reference/components.md.
(() => {
  const WAIT = 800;
  const LONGEST_PAUSE = 60000;
  // A line that says nothing for so long is taken as none: whoever presses a button meanwhile goes on without it.
  const LONGEST_SAVE = 15000;
  // Fields whose value is what the page says, letter by letter, until somebody writes.
  const WRITTEN = new Set(["text", "textarea", "search", "email", "tel", "url"]);
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const banner = document.getElementById("offline-banner");
  const forms = [];

  const say = (kind) => {
    if (!banner) return;
    banner.hidden = !kind;
    if (kind) banner.querySelector("[data-offline]").textContent = banner.querySelector("[data-offline]").dataset[kind];
  };
  const sayAll = () => say(forms.some((form) => form.offline) ? "offline" : forms.some((form) => form.refused.size) ? "refused" : "");

  class Autosave {
    constructor(form) {
      this.form = form;
      this.key = `sipar-autosave:${form.dataset.autosaveUser ?? ""}:${form.dataset.autosaveUrl}`;
      this.version = form.dataset.autosaveVersion ?? "";
      // What waits to be sent, and for each field the version that its writer had seen.
      ({ fields: this.waiting, bases: this.bases } = this.read());
      this.refused = new Set();
      this.last = {};
      this.pause = 1000;
      this.sending = this.offline = false;
      this.catchUp();
      this.restore();
      form.addEventListener("input", (event) => this.note(event.target, WAIT));
      form.addEventListener("change", (event) => this.note(event.target, 0));
      form.addEventListener("submit", (event) => this.flush(event));
      if (Object.keys(this.waiting).length) this.later(0);
    }

    read() {
      try { return { fields: {}, bases: {}, ...JSON.parse(localStorage.getItem(this.key) ?? "{}") }; } catch { return { fields: {}, bases: {} }; }
    }

    keep() {
      try {
        if (Object.keys(this.waiting).length) localStorage.setItem(this.key, JSON.stringify({ fields: this.waiting, bases: this.bases }));
        else localStorage.removeItem(this.key);
      } catch { this.full = true; }
    }

    due() { return Object.keys(this.waiting).filter((name) => !this.refused.has(name)); }

    // A real submit waits for what is still unsent; without a connection it goes its own way.
    async flush(event) {
      if (this.offline || !this.due().length) return;
      event.preventDefault();
      clearTimeout(this.timer);
      await this.run;
      await this.send();
      this.form.requestSubmit(event.submitter);
    }

    values(name) { return new FormData(this.form).getAll(name).filter((value) => typeof value === "string"); }

    // What was written while this script was still on its way. After a reload the browser may fill in what stood there
    // before, and others may have written since: that is nobody's input.
    catchUp() {
      if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") return;
      for (const field of this.form.elements) {
        const pressed = field.type === "radio" || field.type === "checkbox";
        if (pressed ? field.checked !== field.defaultChecked : WRITTEN.has(field.type) && field.value !== field.defaultValue) this.note(field, WAIT);
      }
    }

    // What was written before the page was closed comes back into the fields.
    restore() {
      for (const [name, values] of Object.entries(this.waiting)) {
        for (const field of this.form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
          if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
          else if (field.type !== "file") field.value = values[0] ?? "";
        }
      }
    }

    note(field, wait) {
      if (!field.name || field.type === "file" || field.closest("[data-autosave-skip]")) return;
      const values = this.values(field.name);
      if (!(field.name in this.waiting) && this.last[field.name] === JSON.stringify(values)) return;
      if (!(field.name in this.waiting) || this.refused.has(field.name)) this.bases[field.name] = this.version;
      this.waiting[field.name] = values;
      this.refused.delete(field.name);
      field.removeAttribute("aria-invalid");
      this.keep();
      this.later(wait);
    }

    later(wait) { clearTimeout(this.timer); this.timer = setTimeout(() => this.send(), wait); }

    send() {
      if (!this.sending && this.due().length) this.run = this.transmit(this.due());
      return this.run;
    }

    async transmit(names) {
      this.sending = true;
      const sent = Object.fromEntries(names.map((name) => [name, JSON.stringify(this.waiting[name])]));
      const body = new FormData();
      for (const name of names) {
        if (!this.waiting[name].length) body.append(name, "");
        for (const value of this.waiting[name]) body.append(name, value);
      }
      if (this.version) {
        body.append("version", this.version);
        body.append("bases", JSON.stringify(Object.fromEntries(names.map((name) => [name, Number(this.bases[name] ?? this.version)]))));
      }
      try {
        const response = await fetch(this.form.dataset.autosaveUrl, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(LONGEST_SAVE) });
        const answer = await response.json().catch(() => ({}));
        if (response.ok && answer.saved) this.saved(sent, answer);
        else if (response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status)) this.refuse(names, answer);
        else throw new Error(`status ${response.status}`);
      } catch {
        this.sending = false;
        this.offline = true;
        sayAll();
        this.later(this.pause);
        this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
        return;
      }
      this.sending = false;
      this.offline = false;
      this.pause = 1000;
      sayAll();
      if (this.due().length) this.later(0);
    }

    saved(sent, answer) {
      Object.assign(this.last, sent);
      for (const [name, values] of Object.entries(sent)) if (JSON.stringify(this.waiting[name]) === values) { delete this.waiting[name]; delete this.bases[name]; }
      for (const name of Object.keys(sent)) this.form.querySelector(`[name="${CSS.escape(name)}"]`)?.removeAttribute("aria-invalid");
      this.moveOn(answer);
      // What was refused may be right beside what is saved now, as a reason that is no longer needed: it is asked again.
      this.refused.clear();
      this.keep();
      this.form.dispatchEvent(new CustomEvent("sipar:saved", { bubbles: true, detail: { ...answer, waiting: Object.keys(this.waiting) } }));
    }

    // The version moves on; a field that somebody else wrote meanwhile keeps the one its writer had seen, also after later saves.
    moveOn(answer) {
      if (answer.version === undefined) return;
      const before = this.version;
      this.version = String(answer.version);
      for (const name of Object.keys(this.waiting)) {
        if (this.bases[name] === before && !(answer.stale ?? []).includes(name)) this.bases[name] = this.version;
      }
    }

    refuse(names, problem) {
      const named = (problem.errors ?? []).map((error) => error.where).filter((where) => names.includes(where));
      for (const name of named.length ? named : names) {
        this.refused.add(name);
        this.form.querySelector(`[name="${CSS.escape(name)}"]`)?.setAttribute("aria-invalid", "true");
      }
      this.moveOn(problem);
      this.keep();
      this.form.dispatchEvent(new CustomEvent("sipar:refused", { bubbles: true, detail: problem }));
    }
  }

  const start = (part) => {
    for (const form of part.querySelectorAll("form[data-autosave]:not([data-autosave-on])")) {
      form.dataset.autosaveOn = "";
      forms.push(new Autosave(form));
    }
  };
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
  window.addEventListener("online", () => { for (const form of forms) form.later(0); });
  window.addEventListener("beforeunload", (event) => {
    for (const form of forms) form.send();
    if (forms.some((form) => form.full && Object.keys(form.waiting).length)) event.preventDefault();
  });
})();
