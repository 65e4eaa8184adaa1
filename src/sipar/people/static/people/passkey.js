// A passkey that was cancelled, or that the browser cannot use, ends in a sentence on the page.
document.addEventListener("allauth.error", function (event) {
  event.preventDefault()
  document.querySelectorAll("[data-passkey-error]").forEach(function (note) { note.hidden = false })
})
