// What was written and is not yet stored by the server. Each message carries an id that this window made, so sending it
// again is safe; the list outlives a reload of the window.

import { toast } from "./dom.js";
import { post } from "./link.js";
import { by, newId } from "./person.js";

const KEY = "inkling.outbox";
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 20_000;

/** Entries: {id, act, text, at, state}. State: sending, unsent (will be tried again), stored, refused (with `error`). */
let entries = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
let changed = () => {};
let flushing = false;
let delay = FIRST_DELAY_MS;
let timer = 0;

/** Call `listener` whenever an entry changes. */
export function watchOutbox(listener) {
  changed = listener;
}

/** Send an act that is to be answered. `text` is what is shown until it is stored; null shows nothing. */
export function send(act, text) {
  const id = newId();
  entries.push({ id, act: { by: by(), event_id: id, ...act }, text, at: Date.now(), state: "sending", error: "" });
  keep();
  flush();
}

/** The messages that are not stored yet, of one place. */
export function unsent(place) {
  const inPlace = ({ act }) => act.place.channel === place.channel && act.place.thread === place.thread;
  return entries.filter((entry) => entry.text !== null && inPlace(entry));
}

export const anyUnsent = () => entries.some((entry) => entry.state === "unsent");

/** Forget an entry: the server's own account of it has arrived, or the person dropped it. */
export function drop(id) {
  entries = entries.filter((entry) => entry.id !== id);
  keep();
}

/** The server told the state of a place: what it stored is in there. */
export function dropStored() {
  entries = entries.filter((entry) => entry.state !== "stored");
  keep();
}

/** Try to send everything that waits, in order. */
export async function flush() {
  if (flushing) return;
  flushing = true;
  clearTimeout(timer);
  for (let entry = next(); entry; entry = next()) {
    if (!(await deliver(entry))) break;
  }
  flushing = false;
}

const next = () => entries.find((entry) => entry.state === "sending" || entry.state === "unsent");

async function deliver(entry) {
  const { ok, status, body } = await post(entry.act);
  if (ok) {
    entry.state = "stored";
    delay = FIRST_DELAY_MS;
    if (body.status === "known" || entry.text === null) drop(entry.id);
  } else if (status === 0 || status >= 500) {
    Object.assign(entry, { state: "unsent", error: status === 0 ? "" : body.error });
    timer = setTimeout(flush, delay);
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  } else {
    Object.assign(entry, { state: "refused", error: body.error });
    if (entry.text === null) {
      // Nothing of it is on the screen that could tell.
      toast(body.error);
      drop(entry.id);
    }
  }
  keep();
  return entry.state !== "unsent";
}

function keep() {
  const lasting = entries.filter((entry) => entry.state !== "stored");
  try {
    sessionStorage.setItem(KEY, JSON.stringify(lasting));
  } catch (error) {
    // The browser's store is full: these messages are sent all the same, but a reload before that would lose them.
    console.warn("unsent messages are not kept across a reload", error);
  }
  changed();
}
