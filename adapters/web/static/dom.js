// Elements in one line, and the icons.

/** An element: h("button", {class: "x", onclick: f, "aria-label": "y"}, child, "text"). Null children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PATHS = {
  attach: "M20 11.5 12.5 19a5 5 0 0 1-7-7l8-8a3.3 3.3 0 0 1 4.7 4.7l-8 8a1.6 1.6 0 0 1-2.3-2.3l7.2-7.2",
  back: "M15 5l-7 7 7 7",
  chart: "M4 20h16M7 16v-5M12 16V6M17 16v-8",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v11H9zM15 9V4.5H5V15h4",
  down: "M12 5v14M6 13l6 6 6-6",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  good: "M7 11v9H4v-9zM7 11l4-8c1.7 0 2.6 1 2.3 2.6L12.8 9H18c1.5 0 2.4 1.2 2.1 2.6l-1.3 6.5A2.4 2.4 0 0 1 16.5 20H7",
  bad: "M17 13V4h3v9zM17 13l-4 8c-1.7 0-2.6-1-2.3-2.6l.5-3.4H6c-1.5 0-2.4-1.2-2.1-2.6l1.3-6.5A2.4 2.4 0 0 1 7.5 4H17",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.9-1.1 1.8M12 16.5v.1",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.5v.1",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  film: "M4 5h16v14H4zM10 9.5v5l4.5-2.5z",
  menu: "M4 7h16M4 12h16M4 17h10",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  next: "M9 5l7 7-7 7",
  pen: "M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19zM14 6.5l3.5 3.5",
  open: "M6 9l6 6 6-6",
  play: "M5 5l7 7-7 7M13 5l7 7-7 7",
  plus: "M12 5v14M5 12h14",
  again: "M20 5v5h-5M4 19v-5h5M19.5 10A8 8 0 0 0 5.6 7.5L4.5 9M4.5 14a8 8 0 0 0 13.9 2.5l1.1-1.5",
  reply: "M9 6l-5 5 5 5M4 11h9a7 7 0 0 1 7 7",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  share: "M12 15V4M7.5 8.5 12 4l4.5 4.5M5 14v6h14v-6",
  stop: "M7 7h10v10H7z",
  wand: "M5 19 14.5 9.5M12.5 7.5l4 4M9 4v3M7.5 5.5h3M18 4.5v3M16.5 6h3M19 13v3M17.5 14.5h3",
  thread: "M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5",
};

const SVG = "http://www.w3.org/2000/svg";

/** A line icon by name; decoration, so the button around it needs a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const marks = { class: "icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.8" };
  const ends = { "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" };
  for (const [key, value] of Object.entries({ ...marks, ...ends })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  if (name === "stop") path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}

/** A button that is only an icon. */
export function iconButton(name, label, onclick, props = {}) {
  const shape = { type: "button", title: label, "aria-label": label, onclick, ...props };
  return h("button", { ...shape, class: `icon-button ${props.class ?? ""}` }, icon(name));
}

/** A face for a person: initials on a colour of their own. */
export function avatar(name, key, small = false) {
  let hue = 7;
  for (const mark of key) hue = (hue * 31 + mark.codePointAt(0)) % 360;
  const words = name.trim().split(/\s+/);
  const initials = words.length > 1 ? firstMark(words[0]) + firstMark(words.at(-1)) : firstMark(name);
  const face = h("span", { class: `avatar ${small ? "small" : ""}`, "aria-hidden": "true" }, initials.toUpperCase());
  face.style.setProperty("--hue", hue);
  return face;
}

/** The bot's face. */
export function botAvatar() {
  return h("span", { class: "avatar bot", "aria-hidden": "true" }, h("img", { src: "/static/logo.svg", alt: "" }));
}

function firstMark(text) {
  return [...text.trim()][0] ?? "?";
}

let toastTimer = 0;

/** A sentence that shows for a while. */
export function toast(text) {
  const box = document.getElementById("toasts");
  box.replaceChildren(h("div", { class: "toast" }, text));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.replaceChildren(), 6000);
}
