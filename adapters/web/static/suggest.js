// The editor for a better answer, under the answer it improves upon.

import { h } from "./dom.js";
import { t } from "./words.js";

/** An editor that begins with the answer's own text. */
export function suggestEditor(text, submit, close) {
  const area = h("textarea", { rows: 5, value: text, "aria-label": t("suggest.label"), dir: "auto" });
  const done = () => area.value.trim() && area.value.trim() !== text.trim() && submit(area.value);
  area.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done();
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
  return h(
    "div",
    { class: "suggest" },
    h("strong", {}, t("suggest.label")),
    area,
    h(
      "div",
      { class: "suggest-foot" },
      h("span", { class: "hint" }, t("suggest.hint")),
      h("button", { type: "button", class: "button", onclick: close }, t("app.cancel")),
      h("button", { type: "button", class: "button primary", onclick: done }, t("suggest.send")),
    ),
  );
}
