"use strict";
// The page of one section: keys, progress, and what others wrote meanwhile. Saving itself is sipar/autosave.js.
(() => {
  const form = document.getElementById("answers");
  if (!form) return;
  const questions = [...form.querySelectorAll("[data-question]")];
  const status = document.getElementById("answer-status");
  const forward = document.querySelector("[data-next]");
  const sections = document.querySelector(".sp-answer-side details");
  const radios = (question) => [...question.querySelectorAll('input[type="radio"]')];
  const field = (question, kind) => question.querySelector(`[name="${kind}-${question.dataset.question}"]`);
  const badge = (question) => question.querySelector("[data-carried-badge]");
  const pending = (question) => !badge(question).hidden || !radios(question).some((radio) => radio.checked);
  const inside = (element) => element?.closest?.("[data-question]");
  const at = (position) => questions.find((question) => question.dataset.question === String(position));
  const edited = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));

  if (sections && matchMedia("(max-width: 61.99rem)").matches) sections.open = false;

  const current = () =>
    inside(document.activeElement) ??
    questions.find((question) => question.getBoundingClientRect().bottom > 120) ?? questions[0];

  const go = (question) => {
    if (!question) return;
    question.scrollIntoView({ block: "start" });
    (radios(question).find((radio) => radio.checked) ?? radios(question)[0])?.focus({ preventScroll: true });
  };

  const confirmLastYear = (question) => {
    const box = field(question, "confirm");
    if (box && !box.checked && !badge(question).hidden) box.click();
  };

  const nextPending = () => {
    const here = questions.indexOf(current());
    return questions.find((question, place) => place > here && pending(question));
  };

  // Not applicable is sent together with its reason, never alone.
  const hold = (event) => {
    const question = inside(event.target);
    if (!question || !event.target.matches("[data-not-applicable]") || !event.target.checked) return;
    const reason = field(question, "reason");
    if (reason.value.trim()) return;
    event.stopPropagation();
    question.dataset.held = "";
    reason.focus();
  };
  form.addEventListener("input", hold, true);
  form.addEventListener("change", hold, true);
  form.addEventListener("input", (event) => {
    const question = inside(event.target);
    if (!question || !("held" in question.dataset) || !event.target.name.startsWith("reason-")) return;
    if (!event.target.value.trim()) return;
    delete question.dataset.held;
    const radio = question.querySelector("[data-not-applicable]");
    if (radio.checked) edited(radio);
  });
  form.addEventListener("click", (event) => {
    if (event.target.type === "radio" && event.target.defaultChecked) confirmLastYear(inside(event.target));
  });

  const typing = (element) => element.matches?.('textarea, select, input:not([type="radio"], [type="checkbox"])') || element.isContentEditable;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || event.defaultPrevented) return;
    const question = current();
    if (/^[0-9]$/.test(event.key)) {
      const radio = radios(question).find((each) => each.value === event.key);
      if (!radio || radio.matches(":disabled")) return;
      radio.focus();
      radio.click();
    } else if (event.key === "c") confirmLastYear(question);
    else if (event.key === "j") go(questions[questions.indexOf(question) + 1]);
    else if (event.key === "k") go(questions[questions.indexOf(question) - 1]);
    else if (event.key === "n" && forward) {
      const found = nextPending();
      if (found) go(found);
      else forward.click();
    } else return;
    event.preventDefault();
  });
  forward?.addEventListener("click", (event) => {
    const found = nextPending();
    if (found && event.isTrusted) { event.preventDefault(); go(found); }
  });

  const say = (question, words) => {
    const place = question.querySelector("[data-problem]");
    place.hidden = !words;
    place.querySelector("span").textContent = words;
    if (!words) question.querySelector("[data-theirs]").replaceChildren();
    question.querySelector("[data-theirs]").hidden = !words;
  };

  const settle = (question) => {
    badge(question).hidden = true;
    question.classList.remove("sp-question-carried");
    question.querySelector("[data-confirm]")?.remove();
  };

  const show = (question, answer) => {
    for (const radio of radios(question)) radio.checked = radio.value === String(answer.level ?? "");
    field(question, "comment").value = answer.comment;
    field(question, "reason").value = answer.reason;
    settle(question);
  };

  const count = (progress) => {
    const total = document.querySelector("[data-settled]");
    if (total) total.textContent = progress.settled;
    for (const link of document.querySelectorAll("[data-section]")) {
      const section = progress.sections[link.dataset.section];
      link.querySelector("[data-count]").textContent = `${section.settled}/${section.total}`;
      link.querySelector("[data-done]").hidden = section.settled < section.total;
      if (status && link.hasAttribute("aria-current")) status.textContent = `${status.dataset.words} ${section.total - section.settled}`;
    }
  };

  const waits = (question, names) => names.some((name) => name.endsWith(`-${question.dataset.question}`));

  form.addEventListener("sipar:saved", (event) => {
    const { progress, written = [], changed = [], waiting = [] } = event.detail;
    if (progress) count(progress);
    for (const position of written) { const question = at(position); if (question) settle(question); }
    for (const answer of changed) { const question = at(answer.position); if (question && !waits(question, waiting)) show(question, answer); }
    for (const question of questions) if (!waits(question, waiting)) say(question, "");
  });

  form.addEventListener("sipar:refused", (event) => {
    const { status: code, errors = [], changed = [] } = event.detail;
    for (const { where, detail } of errors) {
      const question = at(where.split("-").at(-1));
      if (!question) continue;
      say(question, detail);
      const theirs = changed.find((answer) => String(answer.position) === question.dataset.question);
      if (code !== 409 || !theirs) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm";
      button.textContent = question.querySelector("[data-theirs]").dataset.words;
      button.addEventListener("click", () => {
        show(question, theirs);
        for (const element of [radios(question)[0], field(question, "comment"), field(question, "reason")]) edited(element);
      });
      question.querySelector("[data-theirs]").replaceChildren(button);
    }
  });
})();
