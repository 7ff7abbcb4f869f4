// Who sits at this window. Each window can be another person: `?as=ana` opens one as Ana.

import { locale, t } from "./words.js";

const KEY = "inkling.person";
let me = null;

/** Find out who this is: named in the address, chosen in this window, known to this browser, or a new guest. */
export function recognise() {
  const named = new URLSearchParams(location.search).get("as");
  if (named !== null) {
    me = fromName(named);
    sessionStorage.setItem(KEY, JSON.stringify(me));
    history.replaceState(null, "", location.pathname + location.hash);
    return;
  }
  me = JSON.parse(sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "null") ?? guest();
}

function fromName(name) {
  const id = name.trim().toLowerCase().replace(/[^\p{L}\p{N}_.-]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  return { id: id || newId(), name: name.trim().slice(0, 40) || id };
}

function guest() {
  const fresh = { id: newId(), name: t("person.guest", { number: 10 + Math.floor(Math.random() * 90) }) };
  localStorage.setItem(KEY, JSON.stringify(fresh));
  return fresh;
}

export function rename(name) {
  me = { ...me, name };
  if (sessionStorage.getItem(KEY) === null) localStorage.setItem(KEY, JSON.stringify(me));
  else sessionStorage.setItem(KEY, JSON.stringify(me));
}

export const myName = () => me.name;
export const myKey = () => `web/${me.id}`;
export const by = () => ({ id: me.id, name: me.name, locale: locale(), timezone: timeZone() });

const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

/** An id that nobody else makes; also off HTTPS, where crypto.randomUUID is missing. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
