// The conversation on the screen: rows kept in step with the state, the end kept in sight, versions and replies.

import { h, toast } from "./dom.js";
import { ask, post } from "./link.js";
import { drop, dropStored, send, unsent } from "./outbox.js";
import { isHere, markSeen, rowOf, rows, state, takeSnapshot, takeTurn } from "./state.js";
import { suggestEditor } from "./suggest.js";
import { patchBlocks, pendingElement, rowElement, waiting } from "./turn.js";
import { dayOf, t } from "./words.js";

const NEAR_PX = 90;
const EXAMPLES = ["example.1", "example.2", "example.3", "example.4"];

const scroll = document.getElementById("scroll");
const talk = document.getElementById("talk");
const latest = document.getElementById("latest");
const live = document.getElementById("live");

const elements = new Map();
const editors = new Map();
let atEnd = true;
let lastTop = 0;
let askedOlder = false;
let resyncTimer = 0;
let outside = {};

/** Set up. `hooks`: openThread(turn), replyChanged(), sendExample(text), changed(). */
export function setUpTalk(hooks) {
  outside = hooks;
  scroll.addEventListener("scroll", onScroll, { passive: true });
  new ResizeObserver(() => atEnd && toEnd()).observe(talk);
  latest.addEventListener("click", () => toEnd());
}

/** Show the whole place anew. */
export function showTalk() {
  elements.clear();
  editors.clear();
  talk.replaceChildren();
  atEnd = true;
  layOut();
  toEnd();
}

// --- events ----------------------------------------------------------------------------------------------------------

export const talkEvents = {
  snapshot(event) {
    if (!isHere(event.place)) return;
    const again = state.joined;
    takeSnapshot(event);
    dropStored();
    askedOlder = false;
    if (again) redraw();
    else showTalk();
  },
  older(event) {
    if (!isHere(event.place)) return;
    state.more = event.more;
    askedOlder = false;
    for (const turn of event.turns) takeTurn(turn);
    const height = talk.scrollHeight;
    layOut();
    scroll.scrollTop += talk.scrollHeight - height;
  },
  turns(event) {
    if (!isHere(event.place)) return;
    for (const turn of event.turns) if (takeTurn(turn)) refresh(turn.id);
    drop(event.event_id);
    layOut();
    const answer = event.turns.at(-1);
    if (answer.open) announce(t("talk.writing", { name: answer.name }));
  },
  turn(event) {
    if (!isHere(event.place)) return;
    const wasOpen = state.turns.get(event.turn.id)?.open;
    takeTurn(event.turn);
    refresh(event.turn.id);
    layOut();
    if (wasOpen !== false) announce(t("talk.answered", { name: event.turn.name, text: event.turn.text.slice(0, 600) }));
  },
  show: (event) => onLive(event, (turn) => showBlocks(turn, event)),
  waiting: (event) => onLive(event, (turn) => showWaiting(turn, event)),
  votes(event) {
    const turn = state.turns.get(event.id);
    if (!turn) return;
    Object.assign(turn, { good: event.good, bad: event.bad });
    if ("own" in event) turn.own = event.own;
    refresh(event.id);
  },
  suggested(event) {
    const turn = state.turns.get(event.id);
    if (!turn) return;
    turn.suggested = true;
    refresh(event.id);
  },
};

/** Something happened to an answer under way; if it is unknown here, the window missed a beat and reads the place anew. */
function onLive(event, change) {
  if (!isHere(event.place) || !state.joined) return;
  const turn = state.turns.get(event.id);
  if (turn?.open) change(turn);
  else if (!turn) {
    clearTimeout(resyncTimer);
    resyncTimer = setTimeout(() => state.turns.has(event.id) || ask({ type: "join", place: state.place }), 400);
  }
}

function showBlocks(turn, { start, blocks, note }) {
  Object.assign(turn, { blocks: [...turn.blocks.slice(0, start), ...blocks], note, position: 0 });
  const element = shownElement(turn);
  if (!element) return;
  patchBlocks(element.querySelector(".prose"), start, blocks);
  element.querySelector(".waiting").hidden = turn.blocks.length > 0;
  showNote(element, note);
}

function showNote(element, note) {
  const line = element.querySelector(".note") ?? h("p", { class: "note" });
  line.textContent = note;
  if (!note) line.remove();
  else if (!line.isConnected) element.querySelector(".acts").before(line);
}

function showWaiting(turn, { position }) {
  turn.position = position;
  shownElement(turn)?.querySelector(".waiting").replaceWith(waiting(turn));
}

function shownElement(turn) {
  const element = elements.get(rowOf(turn.id)?.key);
  return element?.dataset.id === turn.id ? element : null;
}

// --- rows ------------------------------------------------------------------------------------------------------------

/** Draw the row of this turn anew at the next layout; at once when it stands there already. */
function refresh(turnId) {
  const row = rowOf(turnId);
  const old = row && elements.get(row.key);
  if (!old) return;
  const active = document.activeElement;
  const act = old.contains(active) ? active.dataset.act : null;
  const fresh = build(annotated().find((other) => other.key === row.key));
  old.replaceWith(fresh);
  const back = act ? fresh.querySelector(`[data-act="${act}"]`) : fresh.contains(active) ? active : null;
  back?.focus({ preventScroll: true });
}

function build(row) {
  const element = rowElement(row, doing);
  const editor = editors.get(row.shown.id);
  if (editor) element.append(editor);
  elements.set(row.key, element);
  return element;
}

/** Rows with what stands above each, by which a row knows whether it has to say what it answers. */
function annotated() {
  let above = null;
  return rows().map((row) => {
    const whole = { ...row, above: above?.shown.id, aboveAll: above?.versions.map((turn) => turn.id) };
    above = row;
    return whole;
  });
}

/** Draw every row anew, and leave the focus where it is. */
function redraw() {
  const active = document.activeElement;
  elements.clear();
  layOut();
  if (active?.isConnected && document.activeElement !== active) active.focus({ preventScroll: true });
}

/** Bring the page's children in step with the state, moving nothing that stands right. */
export function layOut() {
  const list = annotated();
  const wanted = [olderButton(), rootElement(), ...withDays(list)];
  wanted.push(...unsent(state.place).map((entry) => pendingElement(entry, doing)));
  if (!list.length && !unsent(state.place).length && state.joined) wanted.push(empty());
  place(wanted.filter(Boolean));
  for (const [key, element] of elements) if (!element.isConnected) elements.delete(key);
  talk.querySelector(".turn.last")?.classList.remove("last");
  elements.get(list.at(-1)?.key)?.classList.add("last");
  outside.changed();
}

function withDays(list) {
  let day = "";
  return list.flatMap((row) => {
    const known = elements.get(row.key);
    const element = known?.dataset.id === row.shown.id ? known : build(row);
    if (!known && state.joined && atEnd) element.classList.add("fresh");
    const today = dayOf(row.versions[0].at);
    const head = today === day ? [] : [h("div", { class: "day" }, today)];
    day = today;
    return [...head, element];
  });
}

function place(wanted) {
  const keep = new Set(wanted);
  for (const child of [...talk.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((element, index) => {
    if (talk.children[index] !== element) talk.insertBefore(element, talk.children[index] ?? null);
  });
}

function olderButton() {
  if (!state.more) return null;
  return h("button", { type: "button", class: "button older", onclick: askOlder }, t("talk.older"));
}

function askOlder() {
  const first = rows()[0]?.versions[0].id;
  if (askedOlder || !first) return;
  askedOlder = true;
  ask({ type: "older", before: first });
}

function rootElement() {
  if (!state.root) return null;
  const row = { key: "root", versions: [state.root], shown: { ...state.root, controls: [], parent: null } };
  return h("div", { class: "root" }, rowElement(row, doing), h("small", {}, t("talk.thread.root")));
}

function empty() {
  if (state.place.thread) return h("div", { class: "empty" }, h("p", {}, t("empty.thread")));
  const example = (key) => {
    const [, command, rest] = t(key).match(/^(\/\w+)?(.*)$/s);
    const words = command ? [h("code", {}, command), rest] : [rest];
    return h("button", { type: "button", onclick: () => outside.sendExample(t(key)) }, words);
  };
  return h(
    "div",
    { class: "empty" },
    h("img", { src: "/static/logo.svg", alt: "" }),
    h("h2", {}, t("empty.title")),
    h("p", {}, t("empty.text")),
    h("div", { class: "examples" }, EXAMPLES.map(example)),
  );
}

// --- what rows can do ------------------------------------------------------------------------------------------------

async function act(request) {
  const { ok, body } = await post({ place: state.place, ...request });
  if (!ok) toast(body.error);
  return ok;
}

const doing = {
  again: (turn) => send({ act: "regenerate", place: state.place, turn: turn.id }, null),
  goOn: (turn) => send({ act: "continue", place: state.place, turn: turn.id }, null),
  stop: (turn) => act({ act: "stop", turn: turn.id }),
  rate: (turn, verdict) => act({ act: "rate", turn: turn.id, verdict }),
  openThread: (turn) => outside.openThread(turn),
  dropUnsent: (entry) => drop(entry.id),
  goTo(turnId) {
    const element = elements.get(rowOf(turnId)?.key);
    element?.scrollIntoView({ block: "center", behavior: "smooth" });
    element?.classList.add("flash");
    setTimeout(() => element?.classList.remove("flash"), 1500);
  },
  replyTo(turn) {
    state.replyTo = { id: turn.id, name: turn.name };
    outside.replyChanged();
  },
  choose(row, turn) {
    state.chosen.set(row.key, turn.id);
    const list = rows();
    const newest = row.versions.at(-1).id === turn.id;
    // To go on from an older version of the last answer is what turning to it means.
    if (list.at(-1).key === row.key) {
      state.replyTo = newest ? null : { id: turn.id, name: turn.name, version: row.versions.indexOf(turn) + 1 };
      outside.replyChanged();
    }
    refresh(turn.id);
  },
  suggest(turn) {
    if (editors.has(turn.id)) return;
    const close = () => {
      editors.get(turn.id)?.remove();
      editors.delete(turn.id);
      elements.get(rowOf(turn.id)?.key)?.querySelector('[data-act="suggest"]')?.focus();
    };
    const submit = async (text) => {
      if (!(await act({ act: "suggest", turn: turn.id, text }))) return;
      close();
      toast(t("suggest.thanks"));
    };
    const editor = suggestEditor(turn.text, submit, close);
    editors.set(turn.id, editor);
    elements.get(rowOf(turn.id).key).append(editor);
    editor.querySelector("textarea").focus();
  },
};

export const stopAnswer = doing.stop;

// --- scrolling -------------------------------------------------------------------------------------------------------

function onScroll() {
  const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
  // Only a person moves up; that the talk grew below does not mean they want to stay.
  if (near || scroll.scrollTop < lastTop) atEnd = near;
  lastTop = scroll.scrollTop;
  latest.hidden = atEnd;
  if (atEnd) markSeen();
  if (scroll.scrollTop < NEAR_PX && state.more && state.joined) askOlder();
}

/** Show the end, and stay there while it grows. */
export function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  atEnd = true;
  latest.hidden = true;
}

function announce(text) {
  live.textContent = text;
}
