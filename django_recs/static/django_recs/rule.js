/* The form of a merchandising rule: only the fields that belong to the chosen action, and categories to choose from.
   Without this script all fields are shown, and what does not belong to the action is ignored. */
(() => {
  "use strict";
  const FIELDS = { boost: ["factor"], bury: ["factor"], cap: ["most", "cap_by"], quota: ["share_percent"], pin: ["position"] };
  const OPTIONAL = ["factor", "most", "cap_by", "share_percent", "position"];

  const start = () => {
    const action = document.querySelector("#id_action");
    if (!action) return;
    const show = () => {
      for (const name of OPTIONAL) {
        const row = document.querySelector(`.form-row.field-${name}`);
        if (row) row.hidden = !(FIELDS[action.value] || []).includes(name);
      }
    };
    action.addEventListener("change", show);
    show();
    suggest();
  };

  /* A choice below the categories that adds a line. */
  const suggest = () => {
    const known = document.querySelector("#recs-categories");
    const lines = document.querySelector("#id_categories");
    if (!known || !lines) return;
    const choice = document.createElement("select");
    choice.className = "recs-suggest";
    choice.setAttribute("aria-label", lines.labels[0].textContent);
    choice.append(new Option(known.dataset.label, ""), known.content.cloneNode(true));
    choice.addEventListener("change", () => {
      const chosen = lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (choice.value && !chosen.includes(choice.value)) lines.value = [...chosen, choice.value].join("\n");
      choice.value = "";
    });
    lines.after(choice);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
