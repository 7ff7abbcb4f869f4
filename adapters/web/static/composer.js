// Where one writes: text with drafts, files, the menu of commands and a command's form, replies, and the stop button.

import { commandForm, CommandMenu } from "./commands.js";
import { h, icon, iconButton, toast } from "./dom.js";
import { upload } from "./link.js";
import { newId } from "./person.js";
import { send } from "./outbox.js";
import { here, myOpenAnswers, state } from "./state.js";
import { stopAnswer, toEnd } from "./talk.js";
import { sizeOf, t, uploadLimit } from "./words.js";

const TALLEST_PX = 320;

const form = document.getElementById("composer");
const chips = h("div", { class: "chips" });
const area = h("textarea", { id: "message", rows: 1, dir: "auto", enterkeyhint: "send" });
const picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: -1 });
const menu = new CommandMenu(area, openCommand);
let tools = h("div");
let command = null;
let files = [];

/** Build the composer for the place and language of now. */
export function showComposer() {
  area.setAttribute("aria-label", t("write.label"));
  const { channel, thread } = state.place;
  area.placeholder = thread ? t("write.placeholder.thread") : t("write.placeholder", { channel });
  area.value = sessionStorage.getItem(draftKey()) ?? "";
  command = null;
  draw();
}

/** Draw chips and buttons anew: a reply was chosen, an answer began or ended. */
export function refreshComposer() {
  drawChips();
  const fresh = toolbar();
  const act = tools.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  tools.replaceWith(fresh);
  tools = fresh;
  if (act) tools.querySelector(`[data-act="${act}"]`)?.focus();
}

export const focusComposer = () => area.focus();

/** Send a text as if it had been typed. */
export function sendText(text) {
  send({ act: "send", place: state.place, text: wellFormed(text), ...extras() }, text);
  afterSending();
}

/** Close or stop what is nearest: the menu, the form, the reply, the answer. Whether there was anything. */
export function escape() {
  if (menu.close()) return true;
  if (command) {
    closeCommand();
    return true;
  }
  if (state.replyTo) {
    state.replyTo = null;
    refreshComposer();
    return true;
  }
  const answer = myOpenAnswers().at(-1);
  if (answer) stopAnswer(answer);
  return Boolean(answer);
}

function draw() {
  const box = command ? commandForm(command, { run: runCommand, close: closeCommand }) : area;
  tools = toolbar();
  tools.hidden = Boolean(command);
  form.replaceChildren(menu.element, chips, box, tools, picker);
  drawChips();
  grow();
  if (command) box.querySelector("textarea, input, select")?.focus();
}

function toolbar() {
  const answer = myOpenAnswers().at(-1);
  const stops = answer && !area.value.trim();
  const attach = iconButton("attach", t("write.attach"), () => picker.click(), { dataset: { act: "attach" } });
  const slash = { type: "button", class: "icon-button slash", title: t("write.commands"), "aria-label": t("write.commands") };
  const main = stops
    ? iconButton("stop", t("write.stop"), () => stopAnswer(answer), { class: "send", dataset: { act: "main" } })
    : iconButton("send", t("write.send"), submit, { class: "send", dataset: { act: "main" }, disabled: !sendable() });
  return h(
    "div",
    { class: "composer-tools" },
    attach,
    h("button", { ...slash, onclick: beginCommand, dataset: { act: "slash" } }, "/"),
    h("span", { class: "hint" }, t("write.hint")),
    h("span", { class: "spring" }),
    main,
  );
}

const uploading = () => files.some((file) => !file.stored);
const sendable = () => Boolean((area.value.trim() || files.length) && !uploading());

function submit() {
  if (!sendable()) return;
  sendText(area.value);
  area.value = "";
  keepDraft();
  draw();
  area.focus();
}

function afterSending() {
  files = [];
  state.replyTo = null;
  refreshComposer();
  toEnd();
}

function extras() {
  const attachments = files.map((file) => ({ id: file.stored.id, name: wellFormed(file.name) }));
  // A thread's first message answers the message that the thread begins at.
  const first = state.place.thread && ![...state.turns.values()].some((turn) => !turn.bot) ? state.place.thread : null;
  return { attachments, reply_to: state.replyTo?.id ?? first };
}

/** Half a surrogate pair is no text; some input methods leave one. */
const wellFormed = (text) => text.toWellFormed?.() ?? text;

// --- commands --------------------------------------------------------------------------------------------------------

function beginCommand() {
  area.value = "/";
  area.focus();
  onInput();
}

function openCommand(chosen) {
  area.value = "";
  keepDraft();
  if (chosen.options.length) {
    command = chosen;
    draw();
  } else runCommand(chosen, {}, `/${chosen.name}`);
}

function closeCommand() {
  command = null;
  draw();
  area.focus();
}

function runCommand(chosen, options, text) {
  if (uploading()) return;
  const { attachments } = extras();
  send({ act: "command", place: state.place, name: chosen.name, options, attachments }, text);
  command = null;
  afterSending();
  draw();
  area.focus();
}

// --- files -----------------------------------------------------------------------------------------------------------

/** Take files that were picked, dropped or pasted. */
export async function attach(list) {
  await Promise.all([...list].map(attachOne));
}

async function attachOne(file) {
  if (file.size > uploadLimit()) {
    toast(t("error.upload_size", { name: file.name, limit: uploadLimit() / 1024 }));
    return;
  }
  const entry = { key: newId(), name: file.name, size: file.size, stored: null };
  files.push(entry);
  refreshComposer();
  const { ok, body } = await upload(file);
  if (ok) entry.stored = body;
  else {
    files = files.filter((other) => other !== entry);
    toast(body.error);
  }
  refreshComposer();
}

function drawChips() {
  const all = files.map(fileChip);
  if (state.replyTo) all.unshift(replyChip(state.replyTo));
  chips.replaceChildren(...all);
}

function fileChip(file) {
  const remove = () => {
    files = files.filter((other) => other !== file);
    refreshComposer();
    area.focus();
  };
  const words = file.stored ? file.name : t("write.uploading", { name: file.name });
  return h(
    "div",
    { class: "chip" },
    file.stored?.picture ? h("img", { src: file.stored.url, alt: "" }) : icon("file"),
    h("span", {}, words),
    h("span", { class: "soft" }, sizeOf(file.size)),
    iconButton("close", t("write.remove", { name: file.name }), remove),
  );
}

function replyChip({ name, version }) {
  const words = version ? t("write.from.version", { number: version }) : t("write.replying", { name });
  const remove = () => {
    state.replyTo = null;
    refreshComposer();
    area.focus();
  };
  return h("div", { class: "chip" }, icon("reply"), h("span", {}, words), iconButton("close", t("app.cancel"), remove));
}

// --- typing ----------------------------------------------------------------------------------------------------------

const draftKey = () => `inkling.draft.${here()}`;

function keepDraft() {
  if (area.value) sessionStorage.setItem(draftKey(), area.value);
  else sessionStorage.removeItem(draftKey());
}

function grow() {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, TALLEST_PX)}px`;
}

function onInput() {
  grow();
  keepDraft();
  menu.follow(area.value);
  refreshComposer();
}

function onKey(event) {
  // While an input method composes, Enter belongs to it (229 is what older browsers report then).
  if (event.isComposing || event.keyCode === 229) return;
  if (menu.onKey(event)) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit();
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
area.addEventListener("input", onInput);
area.addEventListener("keydown", onKey);
area.addEventListener("blur", () => menu.close());
picker.addEventListener("change", () => {
  attach(picker.files);
  picker.value = "";
});
form.addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  attach(event.clipboardData.files);
});

/** Files may be dropped anywhere on the page. */
export function acceptDrops() {
  const drop = document.getElementById("drop");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    drop.hidden = false;
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? (drop.hidden = true));
  addEventListener("drop", (event) => {
    drop.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    attach(event.dataTransfer.files);
  });
}
