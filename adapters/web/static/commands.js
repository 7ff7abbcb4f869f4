// Slash commands: the menu that completes them, and the form of a command's typed options. Both are made from the table
// of commands that the server gives.

import { h, iconButton } from "./dom.js";
import { Field } from "./fields.js";
import { both, commands, t } from "./words.js";

// A form of more options shows so many, and the others when they are asked for.
const SHOWN = 7;

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
  const fields = options.map((option) => new Field(command.name, option));
  const shown = fields.length > SHOWN + 1 ? SHOWN : fields.length;
  const submit = () => {
    const wrong = fields.filter((field) => !field.check());
    if (wrong.length) {
      wrong[0].element.closest("details")?.setAttribute("open", "");
      wrong[0].input.focus();
      return;
    }
    const given = fields.map((field) => [field.option, field.value()]).filter(([, value]) => value !== "");
    run(command, Object.fromEntries(given.map(([option, value]) => [option.name, value])), asTyped(command, given));
  };
  const onkeydown = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !["BUTTON", "SUMMARY"].includes(event.target.tagName)) {
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
    h("div", { class: "command-fields" }, fields.slice(0, shown).map((field) => field.element), more(fields.slice(shown))),
    h("div", { class: "dialog-actions" }, h("button", { type: "button", class: "button primary", onclick: submit }, t("command.run"))),
  );
}

function more(fields) {
  if (!fields.length) return null;
  const inside = h("div", { class: "command-fields" }, fields.map((field) => field.element));
  return h("details", {}, h("summary", {}, t("command.more")), inside);
}

function asTyped(command, given) {
  const quoted = (value) => (/\s/.test(value) ? `"${value}"` : value);
  const named = given.filter(([option]) => !option.main).map(([option, value]) => `${option.name}:${quoted(value)}`);
  const main = given.filter(([option]) => option.main).map(([, value]) => value);
  return [`/${command.name}`, ...named, ...main].join(" ");
}
