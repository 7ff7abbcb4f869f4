// Slash commands: the menu that completes them, and the form of a command's typed options. Both are made from the table
// of commands that the server gives.

import { h, iconButton } from "./dom.js";
import { both, commands, t } from "./words.js";

// A text option that may be this long gets room for several lines.
const LONG_TEXT = 1000;

/** The list that opens above the composer while the name of a command is typed. */
export class CommandMenu {
  constructor(area, choose) {
    this.area = area;
    this.choose = choose;
    this.matches = [];
    this.selected = 0;
    this.element = h("div", { class: "menu", id: "commands", role: "listbox", hidden: true });
    area.setAttribute("aria-controls", "commands");
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-haspopup", "listbox");
  }

  /** Open, narrow or close the list by what is typed. */
  follow(text) {
    const typed = text.match(/^\/([\w-]*)$/);
    this.matches = typed ? commands().filter((command) => command.name.startsWith(typed[1].toLowerCase())) : [];
    this.selected = 0;
    this.draw();
  }

  /** Close the list; whether it was open. */
  close() {
    const wasOpen = this.matches.length > 0;
    this.matches = [];
    this.draw();
    return wasOpen;
  }

  /** Take a key that moves or chooses; whether it was one. */
  onKey(event) {
    const count = this.matches.length;
    if (!count) return false;
    if (event.key === "ArrowDown") this.selected = (this.selected + 1) % count;
    else if (event.key === "ArrowUp") this.selected = (this.selected + count - 1) % count;
    else if (event.key === "Enter" || event.key === "Tab") this.pick(this.matches[this.selected]);
    else return false;
    event.preventDefault();
    this.draw();
    return true;
  }

  pick(command) {
    this.close();
    this.choose(command);
  }

  draw() {
    this.element.hidden = !this.matches.length;
    this.element.setAttribute("aria-label", t("write.commands"));
    this.element.replaceChildren(...this.matches.map((command, index) => this.option(command, index)));
    this.element.children[this.selected]?.scrollIntoView({ block: "nearest" });
    if (this.matches.length) this.area.setAttribute("aria-activedescendant", `command-${this.selected}`);
    else this.area.removeAttribute("aria-activedescendant");
  }

  option(command, index) {
    const shape = { role: "option", id: `command-${index}`, "aria-selected": String(index === this.selected) };
    // Before the text box loses the focus, which would close the list.
    const onmousedown = (event) => {
      event.preventDefault();
      this.pick(command);
    };
    return h(
      "div",
      { ...shape, onmousedown },
      h("b", {}, `/${command.name}`),
      h("span", {}, both(command.help)),
      command.who === "admins" ? h("em", { class: "tag" }, t("command.admins")) : null,
    );
  }
}

/** A command's options as a form. `run(command, options, text)` gets what was filled in, `text` as one would type it. */
export function commandForm(command, { run, close }) {
  // What must be filled in comes first, whatever its place in the table.
  const options = command.options.toSorted((one, other) => Number(other.required) - Number(one.required));
  const fields = options.map((option) => new Field(option));
  const submit = () => {
    const wrong = fields.filter((field) => !field.check());
    if (wrong.length) {
      wrong[0].input.focus();
      return;
    }
    const given = fields.map((field) => [field.option, field.value()]).filter(([, value]) => value !== "");
    run(command, Object.fromEntries(given.map(([option, value]) => [option.name, value])), asTyped(command, given));
  };
  const onkeydown = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && event.target.tagName !== "BUTTON") {
      event.preventDefault();
      submit();
    }
  };
  return h(
    "div",
    { class: "command", role: "group", "aria-label": `/${command.name}`, onkeydown },
    h(
      "div",
      { class: "command-head" },
      h("b", {}, `/${command.name}`),
      h("span", {}, both(command.help)),
      iconButton("close", t("app.cancel"), close),
    ),
    h("div", { class: "command-fields" }, fields.map((field) => field.element)),
    h("div", { class: "dialog-actions" }, h("button", { type: "button", class: "button primary", onclick: submit }, t("command.run"))),
  );
}

function asTyped(command, given) {
  const named = given.filter(([option]) => !option.main).map(([option, value]) => `${option.name}:${value}`);
  const main = given.filter(([option]) => option.main).map(([, value]) => value);
  return [`/${command.name}`, ...named, ...main].join(" ");
}

/** One option: its label, its control by type, and what is wrong with it. */
class Field {
  constructor(option) {
    this.option = option;
    this.input = this.control();
    this.error = h("span", { class: "error", id: `error-${option.name}`, role: "alert" });
    const mark = option.required ? h("small", { class: "required" }, ` ${t("command.required")}`) : null;
    const id = `option-${option.name}`;
    this.input.id = id;
    this.input.setAttribute("aria-describedby", this.error.id);
    if (option.required) this.input.setAttribute("aria-required", "true");
    const label = h("label", { for: id }, both(option.help), mark);
    const wide = option.type === "text" && option.high >= LONG_TEXT;
    this.element = h("div", { class: `field ${wide ? "wide" : ""}` }, label, this.input, this.error);
    this.input.addEventListener("input", () => this.say(""));
  }

  control() {
    const { type, low, high, choices, required } = this.option;
    if (type === "choice") {
      const any = required ? [] : [h("option", { value: "" }, t("command.any"))];
      const labelled = choices.map(({ value, label }) => h("option", { value }, both(label)));
      return h("select", {}, ...any, ...labelled);
    }
    if (type === "integer") {
      const range = { inputmode: "numeric", placeholder: t("command.any"), pattern: "[0-9]*" };
      return h("input", { type: "text", ...range, dataset: { low, high } });
    }
    if (high >= LONG_TEXT) return h("textarea", { rows: 3, maxlength: high, dir: "auto" });
    return h("input", { type: "text", maxlength: high, dir: "auto" });
  }

  value() {
    const text = this.input.value.trim();
    return this.option.type === "integer" && text ? Number(text) : text;
  }

  check() {
    const { type, required, low, high } = this.option;
    const value = this.value();
    if (required && value === "") return this.say(t("command.missing"));
    const whole = type !== "integer" || value === "" || (Number.isInteger(value) && value >= low && value <= high);
    return whole ? this.say("") : this.say(t("command.range", { low, high }));
  }

  /** Show what is wrong; whether nothing is. */
  say(text) {
    this.error.textContent = text;
    this.input.setAttribute("aria-invalid", String(Boolean(text)));
    return !text;
  }
}
