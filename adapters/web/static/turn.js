// One row of the conversation: who, when, the text, and what can be done with it.

import { changeMenu } from "./changes.js";
import { avatar, botAvatar, h, icon, iconButton, toast } from "./dom.js";
import { myKey } from "./person.js";
import { pictureChanges, pictures, preview } from "./pictures.js";
import { state } from "./state.js";
import { sizeOf, t, timeOfDay } from "./words.js";

// A person's longer message is folded.
const FOLD_AT = 3000;

/** A row as an element. `doing` holds what its buttons do. */
export function rowElement(row, doing) {
  const { shown } = row;
  const kind = [shown.bot ? "bot" : "person", shown.open ? "writing" : shown.status].join(" ");
  const label = `${shown.name}, ${timeOfDay(shown.at)}`;
  return h(
    "article",
    { class: `turn ${kind}`, dataset: { row: row.key, id: shown.id }, "aria-label": label },
    shown.bot ? botAvatar() : avatar(shown.name, shown.author),
    quote(row, doing),
    head(shown),
    prose(shown),
    fold(shown),
    files(shown),
    pictures(shown, doing),
    shown.open ? preview(shown) : null,
    shown.open ? waiting(shown) : null,
    h("p", { class: "note", hidden: !noteBeneath(shown) }, noteBeneath(shown)),
    acts(row, doing),
  );
}

function head(turn) {
  const mine = turn.author === myKey();
  return h(
    "header",
    { class: "turn-head" },
    h("b", {}, turn.name),
    mine ? h("span", {}, `(${t("person.you")})`) : null,
    h("time", { datetime: new Date(turn.at).toISOString() }, timeOfDay(turn.at)),
    state.turns.get(turn.parent)?.bot && turn.bot ? h("span", {}, t("talk.continued")) : null,
    turn.private ? h("span", { class: "only-you" }, icon("lock"), t("talk.private")) : null,
  );
}

/** What a message answers, where that is not simply the row above it. */
function quote(row, doing) {
  const parent = state.turns.get(row.shown.parent);
  if (!parent || row.above === parent.id || row.shown.change === "share") return null;
  if (row.shown.bot && row.aboveAll?.includes(parent.id)) return null;
  const words = parent.text.slice(0, 120) || parent.note;
  const text = `${t("talk.reply.to", { name: parent.name })}: ${words}`;
  return h("button", { type: "button", class: "quote", onclick: () => doing.goTo(parent.id) }, icon("reply"), h("span", {}, text));
}

function prose(turn) {
  const box = h("div", { class: "prose", dir: "auto" });
  appendBlocks(box, turn.blocks);
  return box;
}

function fold(turn) {
  if (turn.bot || turn.text.length < FOLD_AT) return null;
  const open = (event) => {
    event.target.previousElementSibling.classList.remove("clipped");
    event.target.remove();
  };
  queueMicrotask(() => document.querySelector(`[data-id="${turn.id}"] > .prose`)?.classList.add("clipped"));
  return h("button", { type: "button", class: "quote", onclick: open }, t("talk.all", { count: turn.text.length }));
}

/** Show blocks of an answer from number `start` on. Their HTML was sanitised by the server. */
export function patchBlocks(box, start, blocks) {
  while (box.children.length > start) box.lastElementChild.remove();
  appendBlocks(box, blocks);
}

function appendBlocks(box, blocks) {
  for (const html of blocks) {
    const block = h("div", { class: "block" });
    block.innerHTML = html;
    for (const code of block.querySelectorAll("figure.code")) addCopy(code);
    box.append(block);
  }
}

function addCopy(figure) {
  const button = iconButton("copy", t("act.copy"), () => copy(figure.querySelector("pre").textContent, button));
  figure.querySelector("figcaption").append(button);
}

/** Copy a text and say so on the button. */
async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    toast(t("error.copy"));
    return;
  }
  const before = [...button.childNodes];
  button.replaceChildren(icon("check"), ...before.slice(1));
  button.title = t("act.copied");
  setTimeout(() => {
    button.replaceChildren(...before);
    button.title = t("act.copy");
  }, 1600);
}

// How notes tell how far something is: “step 3 of 20”, “3/20”.
const PROGRESS = /(\d+)\s*(?:\/|of)\s*(\d+)/;

/** The line under an answer that is being made: its place in line, or what is under way. */
function waiting(turn) {
  const box = h(
    "div",
    { class: "waiting" },
    h("i", { "aria-hidden": "true" }, h("b")),
    h("span"),
    h("progress", { "aria-label": t("talk.progress"), hidden: true }),
  );
  showWaiting(box, turn);
  return box;
}

/** Bring the line under an answer in step with it. */
export function showWaiting(box, turn) {
  box.hidden = turn.blocks.length > 0;
  const words = turn.position ? t("talk.line", { position: turn.position }) : turn.note || t("talk.thinking");
  box.querySelector("span").textContent = words;
  const [, done, total] = words.match(PROGRESS) ?? [];
  const bar = box.querySelector("progress");
  bar.hidden = !total || turn.position > 0;
  Object.assign(bar, { max: Number(total ?? 1), value: Number(done ?? 0) });
}

/** The note under the text; while there is none, the note stands where one waits. */
export const noteBeneath = (turn) => (turn.open && !turn.blocks.length ? "" : turn.note);

function files(turn) {
  if (!turn.attachments.length) return null;
  const link = (file) => ({ href: file.url, target: "_blank", rel: "noopener" });
  return h(
    "div",
    { class: "files" },
    turn.attachments.map((file) =>
      file.picture
        ? h("a", link(file), h("img", { src: file.url, alt: file.name, loading: "lazy" }))
        : h("a", { ...link(file), class: "file" }, icon("file"), h("span", {}, file.name), h("small", {}, sizeOf(file.size))),
    ),
  );
}

function acts(row, doing) {
  const { shown } = row;
  const can = (control) => !shown.open && shown.controls.includes(control);
  const quiet = shown.open ? [] : quietActs(shown, doing, can);
  const words = shown.open ? [stopButton(shown, doing)] : [changeMenu(shown, doing), ...pictureChanges(shown, doing)];
  if (can("continue")) words.unshift(wordButton("play", t("act.continue"), () => doing.goOn(shown), "continue"));
  if (can("share")) words.push(...shareButtons(shown, doing));
  return h("div", { class: "acts" }, versions(row, doing), votes(shown, doing, can), words, quiet, about(shown));
}

function quietActs(turn, doing, can) {
  const quiet = (name, label, act, key) => iconButton(name, label, act, { class: "quiet", dataset: { act: key } });
  return [
    can("regenerate") ? quiet("again", t("act.regenerate"), () => doing.again(turn), "regenerate") : null,
    can("suggest") ? quiet("pen", t("act.suggest"), () => doing.suggest(turn), "suggest") : null,
    turn.text && !isDraft(turn) ? quiet("copy", t("act.copy"), (event) => copy(turn.text, event.currentTarget), "copy") : null,
    turn.private ? null : quiet("reply", t("act.reply"), () => doing.replyTo(turn), "reply"),
    state.place.thread || turn.private ? null : quiet("thread", t("act.thread"), () => doing.openThread(turn), "thread"),
  ];
}

function votes(turn, doing, can) {
  if (!can("rate")) return [];
  return ["good", "bad"].map((verdict) => {
    const count = turn[verdict];
    const pressed = turn.own === verdict;
    const label = count ? `${t(`act.${verdict}`)}, ${count}` : t(`act.${verdict}`);
    return h(
      "button",
      {
        type: "button",
        class: `icon-button vote ${verdict} ${count ? "" : "quiet"}`,
        title: t(`act.${verdict}`),
        "aria-label": label,
        "aria-pressed": String(pressed),
        dataset: { act: verdict },
        onclick: () => doing.rate(turn, pressed ? null : verdict),
      },
      icon(verdict),
      count ? String(count) : null,
    );
  });
}

function versions(row, doing) {
  const count = row.versions.length;
  if (count < 2) return null;
  const at = row.versions.indexOf(row.shown);
  const turnTo = (index) => () => doing.choose(row, row.versions[index]);
  return h(
    "span",
    { class: "versions", role: "group", "aria-label": t("talk.version", { number: at + 1, count }) },
    iconButton("back", t("talk.previous"), turnTo(at - 1), { disabled: at === 0, dataset: { act: "previous" } }),
    `${at + 1}/${count}`,
    row.shown.change ? h("em", {}, t(`change.${row.shown.change}`)) : null,
    iconButton("next", t("talk.next"), turnTo(at + 1), { disabled: at === count - 1, dataset: { act: "next" } }),
  );
}

/** A draft is posted as a message of its own, or taken along; what is private is shown to all. */
function shareButtons(turn, doing) {
  if (!isDraft(turn)) return [wordButton("share", t("act.share"), () => doing.share(turn), "share")];
  return [
    wordButton("share", t("act.use"), () => doing.share(turn), "share"),
    wordButton("copy", t("act.copy"), (event) => copy(turn.text, event.currentTarget), "copy"),
  ];
}

const isDraft = (turn) => turn.controls.includes("share") && !turn.private;

function stopButton(turn, doing) {
  return wordButton("stop", t("act.stop"), () => doing.stop(turn), "stop");
}

function wordButton(name, label, onclick, act) {
  return h("button", { type: "button", class: `icon-button word ${act}`, dataset: { act }, onclick }, icon(name), label);
}

function about(turn) {
  const parts = [turn.suggested ? t("suggest.done") : null];
  if (turn.bot && !turn.open && turn.release) parts.push(turn.release, turn.speed ? t("talk.speed", { speed: turn.speed }) : null);
  const text = parts.filter(Boolean).join(" · ");
  return text ? h("span", { class: `about ${turn.suggested ? "" : "quiet"}` }, text) : null;
}

/** A message that the server has not stored yet. */
export function pendingElement(entry, doing) {
  const words = { sending: t("talk.sending"), stored: t("talk.sending"), unsent: t("talk.unsent"), refused: "" }[entry.state];
  const dropButton = h("button", { type: "button", onclick: () => doing.dropUnsent(entry) }, t("talk.unsent.drop"));
  return h(
    "article",
    { class: "turn person pending" },
    avatar(entry.act.by.name, `web/${entry.act.by.id}`),
    h("header", { class: "turn-head" }, h("b", {}, entry.act.by.name), h("time", {}, timeOfDay(entry.at))),
    h("div", { class: "prose" }, entry.text),
    h(
      "p",
      { class: `unsent ${entry.state}`, role: entry.state === "refused" ? "alert" : null },
      [words, entry.error].filter(Boolean).join(" · "),
      entry.state === "refused" || entry.state === "unsent" ? dropButton : null,
    ),
  );
}
