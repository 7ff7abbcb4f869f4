// One option of a command's form: its label, its control by type, what is wrong with it, and values to propose.

import { h } from "./dom.js";
import { complete } from "./link.js";
import { both, t } from "./words.js";

// Where a command takes a text of this length, there is room for several lines.
const LONG_TEXT = 1000;
// While one types, proposals are asked for at this pace.
const PAUSE_MS = 150;

/** A field for `option` of the command of this name. */
export class Field {
  constructor(command, option) {
    this.option = option;
    this.input = this.control();
    this.error = h("span", { class: "error", id: `error-${option.name}`, role: "alert" });
    const mark = option.required ? h("small", { class: "required" }, ` ${t("command.required")}`) : null;
    const id = `option-${option.name}`;
    this.input.id = id;
    this.input.setAttribute("aria-describedby", this.error.id);
    if (option.required) this.input.setAttribute("aria-required", "true");
    const label = h("label", { for: id }, both(option.help), mark);
    const proposals = option.completes ? new Proposals(command, option, this.input).element : null;
    this.element = h("div", { class: `field ${this.isLong ? "wide" : ""}` }, label, this.input, h("div", { class: "beneath" }, proposals, this.error));
    this.input.addEventListener("input", () => this.say(""));
  }

  control() {
    const { type, high, choices, required } = this.option;
    if (type === "choice") {
      const any = required ? [] : [h("option", { value: "" }, t("command.any"))];
      const labelled = choices.map(({ value, label }) => h("option", { value }, both(label)));
      return h("select", {}, ...any, ...labelled);
    }
    if (this.isNumber) {
      const inputmode = type === "integer" ? "numeric" : "decimal";
      return h("input", { type: "text", inputmode, placeholder: t("command.any") });
    }
    if (this.isLong) return h("textarea", { rows: 2, maxlength: high, dir: "auto" });
    return h("input", { type: "text", maxlength: high, dir: "auto" });
  }

  get isLong() {
    const { type, main, high } = this.option;
    return type === "text" && main && high >= LONG_TEXT;
  }

  get isNumber() {
    return ["integer", "number"].includes(this.option.type);
  }

  value() {
    const text = this.input.value.trim();
    // A comma is a point in half of the world.
    return this.isNumber && text ? Number(text.replace(",", ".")) : text;
  }

  check() {
    const { type, required, low, high } = this.option;
    const value = this.value();
    if (required && value === "") return this.say(t("command.missing"));
    if (!this.isNumber || value === "") return this.say("");
    const within = value >= low && value <= high && (type === "number" || Number.isInteger(value));
    return this.say(within ? "" : t(type === "integer" ? "command.range" : "command.range.number", { low, high }));
  }

  /** Show what is wrong; whether nothing is. */
  say(text) {
    this.error.textContent = text;
    this.input.setAttribute("aria-invalid", String(Boolean(text)));
    return !text;
  }
}

/** Values proposed under a text field: samples in a row where they have pictures, else a list while one types. */
class Proposals {
  constructor(command, option, input) {
    this.command = command;
    this.option = option;
    this.input = input;
    this.found = [];
    this.selected = -1;
    this.timer = 0;
    const id = `proposals-${option.name}`;
    this.element = h("div", { class: "proposals", id, role: "listbox", "aria-label": t("command.proposals"), hidden: true });
    const role = { role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false" };
    for (const [name, value] of Object.entries(role)) input.setAttribute(name, value);
    input.addEventListener("input", () => this.askSoon());
    input.addEventListener("keydown", (event) => this.onKey(event));
    this.ask();
  }

  askSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  async ask() {
    const typed = this.input.value;
    const found = await complete(this.command, this.option.name, typed);
    if (typed !== this.input.value) return;
    this.found = found;
    this.selected = -1;
    this.draw();
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      this.selected = (this.selected + step + this.found.length) % this.found.length;
      this.draw();
    } else if (event.key === "Enter" && this.selected >= 0) this.take(this.found[this.selected]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take({ value }) {
    this.input.value = value;
    this.input.dispatchEvent(new Event("input"));
    this.selected = -1;
    this.draw();
  }

  draw() {
    const { element, found, input, selected } = this;
    element.hidden = !found.length;
    element.classList.toggle("samples", found.some((each) => each.picture));
    input.setAttribute("aria-expanded", String(found.length > 0));
    element.replaceChildren(...found.map((each, index) => this.proposal(each, index)));
    element.children[selected]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (selected < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", element.children[selected].id);
  }

  proposal(each, index) {
    const chosen = index === this.selected || each.value === this.input.value.trim();
    const shape = { role: "option", id: `${this.element.id}-${index}`, "aria-selected": String(chosen) };
    // Before the field loses the focus, which would close the list.
    const onmousedown = (event) => {
      event.preventDefault();
      this.take(each);
    };
    return h("div", { ...shape, onmousedown }, each.picture ? h("img", { src: each.picture, alt: "" }) : null, h("span", {}, each.label));
  }
}
