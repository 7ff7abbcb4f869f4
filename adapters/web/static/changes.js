// The menu of what an answer's text can be made into.

import { h, icon } from "./dom.js";
import { t } from "./words.js";

const GAP_PX = 4;
const ROW_PX = 40;
const WIDTH_PX = 210;

/** A button that opens the menu; null where nothing can be changed. Pictures have buttons of their own. */
export function changeMenu(turn, doing) {
  if (!turn.changes.length || turn.pictures.length) return null;
  const id = `changes-${turn.id}`;
  const choose = (change) => () => {
    close(menu);
    doing.change(turn, change);
  };
  const item = (change) => h("button", { type: "button", role: "menuitem", tabindex: -1, onclick: choose(change) }, t(`change.${change}`));
  const menu = h("div", { class: "changes", id, popover: "auto", role: "menu", "aria-label": t("act.change") }, turn.changes.map(item));
  const shape = { "aria-haspopup": "menu", "aria-expanded": "false", popovertarget: id, dataset: { act: "change" } };
  const button = h("button", { type: "button", class: "icon-button word", ...shape }, icon("wand"), t("act.change"), icon("open"));
  menu.addEventListener("beforetoggle", (event) => event.newState === "open" && placeBeside(menu, button));
  menu.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") menu.firstElementChild.focus();
  });
  menu.addEventListener("keydown", (event) => onKey(event, menu));
  return h("span", {}, button, menu);
}

/** Below the button, or above it where there is no room; never beyond the window's edge. */
function placeBeside(menu, button) {
  const { top, bottom, left } = button.getBoundingClientRect();
  const above = bottom + menu.children.length * ROW_PX > innerHeight;
  Object.assign(menu.style, {
    left: `${Math.max(GAP_PX, Math.min(left, innerWidth - WIDTH_PX - GAP_PX))}px`,
    top: above ? "auto" : `${bottom + GAP_PX}px`,
    bottom: above ? `${innerHeight - top + GAP_PX}px` : "auto",
  });
  document.getElementById("scroll").addEventListener("scroll", () => close(menu), { once: true, passive: true });
}

function onKey(event, menu) {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items.at(to % items.length).focus();
  } else if (event.key === "Tab") close(menu);
}

/** Close it, if it is open; its row may have been drawn anew meanwhile. */
function close(menu) {
  if (menu.matches(":popover-open")) menu.hidePopover();
}
