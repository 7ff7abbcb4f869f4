// What this window knows: the place it looks at and its turns, the places at the left, and how the bot is.

import { myKey } from "./person.js";

export const state = {
  place: { channel: "general", thread: "" },
  /** Whether the place's turns have arrived. */
  joined: false,
  turns: new Map(),
  root: null,
  more: false,
  places: [],
  health: null,
  /** False once the line is lost; while the page opens nobody needs to hear of it. */
  connected: true,
  /** Which version of an answer is shown, by the turn that they all answer. */
  chosen: new Map(),
  /** The message that the next one replies to: {id, name, version?}. */
  replyTo: null,
  /** The message that the address names, until it is on the screen. */
  wanted: null,
};

export const keyOf = (place) => `${place.channel}/${place.thread}`;
export const here = () => keyOf(state.place);
export const isHere = (place) => keyOf(place) === here();

/** Look at another place; its turns come by themselves. */
export function enterPlace(place) {
  Object.assign(state, { place, joined: false, turns: new Map(), root: null, more: false, replyTo: null, wanted: null });
  state.chosen.clear();
}

/** Take the state of a place as the server tells it. */
export function takeSnapshot(event) {
  state.joined = true;
  state.root = event.root;
  state.more = event.more;
  state.turns = new Map(event.turns.map((turn) => [turn.id, turn]));
}

/** Take a turn. One that has its last state never goes back to an earlier one: events may cross. */
export function takeTurn(turn) {
  const known = state.turns.get(turn.id);
  if (known && !known.open && turn.open) return false;
  state.turns.set(turn.id, known && turn.own === null ? { ...turn, own: known.own } : turn);
  return true;
}

const byId = (one, other) => (one.id < other.id ? -1 : 1);

/** The turns as rows of the page: a person's message, or all versions of an answer with the one that is shown. */
export function rows() {
  const groups = new Map();
  for (const turn of [...state.turns.values()].sort(byId)) {
    // What was posted for all is a message of its own, and no version of what it was posted from.
    const key = turn.bot && turn.parent && turn.change !== "share" ? `answers ${turn.parent}` : turn.id;
    groups.set(key, [...(groups.get(key) ?? []), turn]);
  }
  return [...groups].map(([key, versions]) => {
    const shown = versions.find((turn) => turn.id === state.chosen.get(key)) ?? versions.at(-1);
    return { key, versions, shown };
  });
}

/** The row that a turn stands in. */
export const rowOf = (turnId) => rows().find((row) => row.versions.some((turn) => turn.id === turnId));

/** My answers under way here, latest last. */
export function myOpenAnswers() {
  return [...state.turns.values()].sort(byId).filter((turn) => turn.open && askedByMe(turn));
}

function askedByMe(answer) {
  let turn = state.turns.get(answer.parent);
  while (turn?.bot) turn = state.turns.get(turn.parent);
  return turn?.author === myKey();
}

// What has been seen of each place, kept by the browser for each person.
const seenKey = () => `inkling.seen.${myKey()}`;
const seen = () => JSON.parse(localStorage.getItem(seenKey()) ?? "null");

/** Take the places at the left. At the first visit everything counts as seen. */
export function takePlaces(places) {
  state.places = places;
  if (seen() === null) {
    const all = Object.fromEntries(places.map((place) => [keyOf(place), place.latest]));
    localStorage.setItem(seenKey(), JSON.stringify(all));
  }
  markSeen();
}

/** The place on the screen has been seen up to its latest turn. */
export function markSeen() {
  const place = state.places.find(isHere);
  if (place && document.visibilityState === "visible") {
    localStorage.setItem(seenKey(), JSON.stringify({ ...seen(), [here()]: place.latest }));
  }
}

export function isUnread(place) {
  return !isHere(place) && place.latest > (seen()?.[keyOf(place)] ?? "");
}
