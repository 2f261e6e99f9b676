/* What makes the shop a little smoother. Everything works without it. */
"use strict";

/* The consent forms: the choice takes effect at once, on this very page. */
for (const form of document.querySelectorAll("form[data-consent]"))
  form.addEventListener("submit", (event) => {
    const choice = event.submitter?.value;
    if (!choice || !window.recs) return; // the form is sent to the server instead
    event.preventDefault();
    const boxes = [...form.querySelectorAll("[name=purposes]")];
    for (const box of boxes) if (choice !== "some") box.checked = choice === "all";
    window.recs.consent(boxes.filter((box) => box.checked).map((box) => box.value));
    if (form.classList.contains("consent")) form.remove();
    else location.reload();
  });

/* Sorting and quantities take effect when they are changed, so that their buttons are not needed. */
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
}
