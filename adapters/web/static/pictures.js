// Pictures under an answer: a grid to pick from or one alone, how they were made, and how one looks while it is drawn.

import { h, icon, iconButton } from "./dom.js";
import { t } from "./words.js";

// Pixels of smaller pictures are shown as the squares that they are.
const SMALL_PX = 256;

/** The pictures of an answer; null for one without. */
export function pictures(turn, doing) {
  const all = turn.pictures;
  if (!all.length) return null;
  const picks = turn.controls.includes("pick");
  const figures = all.map((each, index) => figure(each, index + 1, picks && (() => doing.pick(turn, index + 1))));
  const words = [...new Set(all.map((each) => each.alt))].join(" · ");
  return h(
    "div",
    { class: "pictures" },
    h("div", { class: all.length > 1 ? "grid" : "single" }, figures),
    h("p", { class: "caption" }, words),
    parameters(all),
  );
}

function figure({ url, alt, file }, number, pick) {
  const label = t("picture.pick", { number });
  return h(
    "figure",
    { class: "picture" },
    h("a", { href: url, target: "_blank", rel: "noopener" }, sharp(h("img", { src: url, alt }))),
    h(
      "div",
      { class: "over" },
      pick ? h("button", { type: "button", class: "pick", title: label, "aria-label": label, dataset: { act: `pick-${number}` }, onclick: pick }, t("picture.pick.short"), h("b", {}, String(number))) : null,
      h("a", { class: "icon-button", href: url, download: file, title: t("picture.download"), "aria-label": t("picture.download") }, icon("download")),
    ),
  );
}

/** A picture that is small keeps its pixels when it is enlarged. */
function sharp(image) {
  image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth <= SMALL_PX));
  return image;
}

/** How they were made, in one line to be opened; what differs among them is told in their order. */
function parameters(all) {
  const names = [...new Set(all.flatMap((each) => Object.keys(each.parameters)))];
  if (!names.length) return null;
  const rows = names.flatMap((name) => {
    const values = all.map((each) => String(each.parameters[name] ?? "–"));
    return [h("dt", {}, name), h("dd", {}, [...new Set(values)].length > 1 ? values.join(", ") : values[0])];
  });
  return h("details", {}, h("summary", {}, t("talk.parameters")), h("dl", {}, rows));
}

/** What can be made of one picture, as buttons. */
export function pictureChanges(turn, doing) {
  if (!turn.pictures.length) return [];
  const button = (change) => h("button", { type: "button", class: "icon-button word", dataset: { act: change }, onclick: () => doing.change(turn, change) }, icon(change === "animate" ? "film" : "image"), t(`change.${change}`));
  return turn.changes.map(button);
}

/** A picture under way, as it looked last. */
export function preview(turn) {
  const image = sharp(h("img", { alt: t("picture.preview") }));
  const box = h("figure", { class: "picture preview", hidden: true }, image);
  lookAt(box, turn.preview);
  return box;
}

/** Show a newer look. It is loaded first, so that the one before stays until then. */
export async function lookAt(box, address) {
  const image = box.querySelector("img");
  if (!address || image.dataset.wanted === address) return;
  image.dataset.wanted = address;
  const next = new Image();
  next.src = address;
  try {
    await next.decode();
  } catch {
    // The picture is finished, and its looks are gone.
    return;
  }
  if (image.dataset.wanted === address) {
    image.src = address;
    box.hidden = false;
  }
}
