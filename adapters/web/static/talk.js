// The conversation on the screen: rows kept in step with the state, the end kept in sight, versions and replies.

import { h, toast } from "./dom.js";
import { ask, post } from "./link.js";
import { drop, dropStored, send, unsent } from "./outbox.js";
import { isHere, markSeen, rowOf, rows, state, takeSnapshot, takeTurn } from "./state.js";
import { suggestEditor } from "./suggest.js";
import { lookAt } from "./pictures.js";
import { noteBeneath, patchBlocks, pendingElement, rowElement, showWaiting } from "./turn.js";
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

/** Set up. `hooks`: openThread(place), replyChanged(), sendExample(text), changed(), follow(). */
export function setUpTalk(hooks) {
  outside = hooks;
  scroll.addEventListener("scroll", onScroll, { passive: true });
  new ResizeObserver(() => atEnd && toEnd()).observe(talk);
  latest.addEventListener("click", () => toEnd());
  talk.addEventListener("click", onClick);
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
    find();
  },
  older(event) {
    if (!isHere(event.place)) return;
    state.more = event.more;
    askedOlder = false;
    for (const turn of event.turns) takeTurn(turn);
    const height = talk.scrollHeight;
    layOut();
    scroll.scrollTop += talk.scrollHeight - height;
    find();
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
  waiting: (event) => onLive(event, (turn) => showPosition(turn, event)),
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

function showBlocks(turn, { start, blocks, note, preview }) {
  Object.assign(turn, { blocks: [...turn.blocks.slice(0, start), ...blocks], note, preview, position: 0 });
  const element = shownElement(turn);
  if (!element) return;
  patchBlocks(element.querySelector(".prose"), start, blocks);
  showWaiting(element.querySelector(".waiting"), turn);
  lookAt(element.querySelector(".preview"), preview);
  const line = element.querySelector(".note");
  line.textContent = noteBeneath(turn);
  line.hidden = !line.textContent;
}

function showPosition(turn, { position }) {
  turn.position = position;
  const element = shownElement(turn);
  if (element) showWaiting(element.querySelector(".waiting"), turn);
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
  fresh.classList.toggle("last", old.classList.contains("last"));
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
  const row = { key: "root", versions: [state.root], shown: { ...state.root, controls: [], changes: [], parent: null } };
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

/** Order something to be made from an answer. */
const order = (turn, request) => send({ place: state.place, turn: turn.id, ...request }, null);

/** Order another version of an answer, which is shown when it comes, whichever was turned to before. */
function orderVersion(turn, request) {
  state.chosen.delete(rowOf(turn.id).key);
  if (state.replyTo?.version) state.replyTo = null;
  outside.changed();
  order(turn, request);
}

const doing = {
  again: (turn) => orderVersion(turn, { act: "regenerate" }),
  change: (turn, change) => orderVersion(turn, { act: "revise", change }),
  pick: (turn, number) => orderVersion(turn, { act: "pick", number }),
  goOn: (turn) => order(turn, { act: "continue" }),
  share(turn) {
    order(turn, { act: "share" });
    toEnd();
  },
  stop: (turn) => act({ act: "stop", turn: turn.id }),
  rate: (turn, verdict) => act({ act: "rate", turn: turn.id, verdict }),
  openThread(turn) {
    const place = { channel: state.place.channel, thread: turn.id };
    act({ act: "thread", place });
    outside.openThread(place);
  },
  dropUnsent: (entry) => drop(entry.id),
  goTo: (turnId) => show(turnId, "smooth"),
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

// --- messages by their address ---------------------------------------------------------------------------------------

/** Go to a message, by way of older ones where it is not here yet. */
export function seek(turnId) {
  state.wanted = turnId;
  find();
}

function find() {
  const { wanted, joined, root } = state;
  if (!wanted || !joined) return;
  const oldest = rows()[0]?.versions[0].id;
  if (!state.turns.has(wanted) && root?.id !== wanted && state.more && wanted < oldest) {
    askOlder();
    return;
  }
  state.wanted = null;
  if (!show(wanted, "instant")) toast(t("talk.gone"));
}

/** Bring a message into sight and mark it; whether it is here. */
function show(turnId, behavior) {
  const row = rowOf(turnId);
  if (row && row.shown.id !== turnId) {
    state.chosen.set(row.key, turnId);
    refresh(turnId);
  }
  const element = state.root?.id === turnId ? talk.querySelector(".root") : elements.get(row?.key);
  if (!element) return false;
  atEnd = false;
  element.scrollIntoView({ block: "center", behavior });
  element.classList.add("flash");
  setTimeout(() => element.classList.remove("flash"), 1500);
  return true;
}

/** A link to a message of this page stays in this window. */
function onClick(event) {
  const link = event.target.closest("a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.pathname !== "/" || !link.hash) return;
  event.preventDefault();
  if (location.hash === link.hash) outside.follow();
  else location.hash = link.hash;
}

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
