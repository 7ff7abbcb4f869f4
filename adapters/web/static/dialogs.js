// The small windows: a new channel, jump to a place, who sits here, and help.

import { avatar, h, icon, iconButton } from "./dom.js";
import { post } from "./link.js";
import { myKey, myName, rename } from "./person.js";
import { addressOf, nameOf, orderedPlaces } from "./sidebar.js";
import { both, commands, t } from "./words.js";

/** A dialog with a head; it is removed when it closes. Escape closes it, and the focus goes back by itself. */
function open(title, ...body) {
  const dialog = h("dialog", { "aria-label": title });
  const head = h("div", { class: "dialog-head" }, h("h2", {}, title), iconButton("close", t("app.close"), () => dialog.close()));
  dialog.append(head, h("div", { class: "dialog-body" }, body));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function field(label, input, hint = null) {
  return h("label", { class: "field" }, h("span", {}, label), input, hint ? h("small", {}, hint) : null);
}

function onEnter(input, act) {
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && event.keyCode !== 229) act();
  });
}

/** Ask for the name of a new channel and go there. */
export function newChannelDialog(go) {
  const name = h("input", { type: "text", maxlength: 40, autofocus: true });
  const error = h("span", { class: "error", role: "alert" });
  const create = async () => {
    const { ok, body } = await post({ act: "channel", name: name.value });
    if (!ok) {
      error.textContent = body.error;
      return;
    }
    dialog.close();
    go({ channel: body.channel, thread: "" });
  };
  onEnter(name, create);
  const button = h("button", { type: "button", class: "button primary", onclick: create }, t("side.new.create"));
  const box = h("div", { class: "field" }, field(t("side.new.name"), name, t("side.new.hint")), error);
  const dialog = open(t("side.new"), box, h("div", { class: "dialog-actions" }, button));
}

/** Jump to a channel or thread by a part of its name. */
export function jumpDialog() {
  const input = h("input", { type: "text", autofocus: true, role: "combobox", "aria-expanded": "true", "aria-controls": "jump-list" });
  const list = h("div", { class: "jump-list", id: "jump-list", role: "listbox" });
  let found = [];
  let selected = 0;
  const go = (place) => {
    dialog.close();
    location.hash = addressOf(place);
  };
  const draw = () => {
    const wanted = input.value.trim().toLowerCase().replace(/^#/, "");
    found = orderedPlaces().filter((place) => nameOf(place).toLowerCase().includes(wanted));
    selected = Math.min(selected, Math.max(0, found.length - 1));
    const option = (place, index) =>
      h(
        "div",
        { class: "place", role: "option", id: `jump-${index}`, "aria-selected": String(index === selected), onclick: () => go(place) },
        h("span", { class: "mark" }, place.thread ? icon("thread") : "#"),
        h("span", { class: "name" }, place.thread ? `${place.channel} › ${nameOf(place)}` : place.channel),
      );
    list.replaceChildren(...(found.length ? found.map(option) : [h("p", { class: "hint" }, t("side.jump.none"))]));
    input.setAttribute("aria-activedescendant", `jump-${selected}`);
    list.children[selected].scrollIntoView({ block: "nearest" });
  };
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      selected = (selected + step + found.length) % found.length;
      draw();
    }
    if (event.key === "Enter" && found.length) go(found[selected]);
  });
  const dialog = open(t("side.jump"), input, list);
  input.setAttribute("aria-label", t("side.jump"));
  draw();
}

/** Who sits at this window, the theme, and windows for other people. */
export function personDialog(renamed) {
  const name = h("input", { type: "text", maxlength: 40, value: myName() });
  const save = () => {
    if (!name.value.trim()) return;
    rename(name.value.trim());
    dialog.close();
    renamed();
  };
  onEnter(name, save);
  const other = h("input", { type: "text", maxlength: 40, placeholder: "Ana" });
  const openOther = () => {
    if (other.value.trim()) window.open(`/?as=${encodeURIComponent(other.value.trim())}${location.hash}`, "_blank", "noopener");
  };
  onEnter(other, openOther);
  const button = (label, act, kind = "") => h("button", { type: "button", class: `button ${kind}`, onclick: act }, label);
  const dialog = open(
    t("person.settings"),
    h("div", { class: "row" }, avatar(myName(), myKey()), field(t("person.name"), name), button(t("person.save"), save, "primary")),
    h("div", { class: "field" }, h("span", {}, t("app.theme")), themes()),
    h("hr", { class: "rule" }),
    h("div", { class: "field" }, h("span", {}, t("person.other")), h("small", {}, t("person.other.hint"))),
    h("div", { class: "row" }, field(t("person.other.name"), other), button(t("person.other.open"), openOther)),
  );
}

function themes() {
  const root = document.documentElement;
  const now = () => root.dataset.theme ?? "auto";
  const choose = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    localStorage.setItem("inkling.theme", theme);
    box.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.theme === now())));
  };
  const option = (theme, words) =>
    h("button", { type: "button", "aria-pressed": String(theme === now()), dataset: { theme }, onclick: () => choose(theme) }, words);
  const all = [option("auto", t("app.theme.auto")), option("light", t("app.theme.light")), option("dark", t("app.theme.dark"))];
  const box = h("div", { class: "segments", role: "group", "aria-label": t("app.theme") }, all);
  return box;
}

/** Keys and commands. */
export function helpDialog() {
  const keys = [
    [["Enter"], t("help.send")],
    [["Shift", "Enter"], t("help.newline")],
    [["/"], t("help.commands")],
    [["Ctrl", "K"], t("help.jump")],
    [["Alt", "↑ ↓"], t("help.move")],
    [["Ctrl", "."], t("help.focus")],
    [["Esc"], t("help.escape")],
    [["?"], t("help.this")],
  ];
  const rows = keys.flatMap(([marks, words]) => [h("dt", {}, marks.map((mark) => h("kbd", {}, mark))), h("dd", {}, words)]);
  const listed = commands().flatMap(({ name, help }) => [h("dt", {}, h("b", {}, `/${name}`)), h("dd", {}, both(help))]);
  open(
    t("app.help"),
    h("dl", { class: "keys" }, rows),
    h("hr", { class: "rule" }),
    h("dl", { class: "keys" }, listed),
    h("p", { class: "hint" }, t("help.markdown")),
  );
}
