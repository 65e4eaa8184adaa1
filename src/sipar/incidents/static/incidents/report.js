"use strict";
// The hidden version of the form follows what autosave has kept, so that a normal submit is never taken for a stale one.
(() => {
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    const keep = (event) => {
      const version = form.querySelector('input[name="version"]');
      if (version && event.detail?.version !== undefined && event.type === "sipar:saved") version.value = event.detail.version;
      const status = document.getElementById("report-status");
      if (!status) return;
      if (event.type === "sipar:saved") { status.textContent = status.dataset.saved; return; }
      status.textContent = event.detail?.detail ?? "";
    };
    form.addEventListener("sipar:saved", keep);
    form.addEventListener("sipar:refused", keep);
  }
})();
