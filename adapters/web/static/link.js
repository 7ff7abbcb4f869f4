// The line to the server: events come by a socket that reconnects by itself, acts go by POST.

import { by } from "./person.js";
import { state } from "./state.js";
import { t } from "./words.js";

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5000;
const TIMEOUT_MS = 20_000;

let socket = null;
let delay = FIRST_DELAY_MS;
let timer = 0;
let listeners = {};

/** Connect and stay so. `handlers` maps an event's type to a function; "up" and "down" tell of the line itself. */
export function connect(handlers) {
  listeners = handlers;
  open();
  addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && retryNow());
}

/** Ask the server for something; lost when there is no line, since everything is asked again on connecting. */
export function ask(request) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

/** Say again who sits here and where they look. */
export function introduce() {
  ask({ type: "hello", by: by() });
  ask({ type: "join", place: state.place });
}

function open() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/api/events`);
  socket.onopen = () => {
    delay = FIRST_DELAY_MS;
    state.connected = true;
    introduce();
    listeners.up();
  };
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    listeners[event.type]?.(event);
  };
  socket.onclose = () => {
    state.connected = false;
    listeners.down();
    timer = setTimeout(open, delay);
    delay = Math.min(delay * 1.7, LONGEST_DELAY_MS);
  };
}

function retryNow() {
  if (socket?.readyState === WebSocket.CLOSED) {
    clearTimeout(timer);
    open();
  }
}

/** Post an act. Resolves to {ok, status, body}; status 0 when the server was not reached. */
export async function post(act) {
  const headers = { "Content-Type": "application/json" };
  return read("/api/acts", { method: "POST", headers, body: JSON.stringify({ by: by(), ...act }) });
}

/** Upload a file; resolves like `post`. */
export async function upload(file) {
  return read(`/api/uploads?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
}

/** Values to propose for an option: a list of {value, label, picture}; empty where none can be had. */
export async function complete(command, option, typed) {
  const query = new URLSearchParams({ command, option, typed, locale: by().locale });
  const { ok, body } = await read(`/api/completions?${query}`, {});
  return ok ? body : [];
}

async function read(address, options) {
  try {
    const response = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 401) location.assign("/login");
    const json = response.headers.get("Content-Type")?.startsWith("application/json");
    const body = json ? await response.json() : { error: await response.text() };
    return { ok: response.ok, status: response.status, body };
  } catch {
    return { ok: false, status: 0, body: { error: t("error.network") } };
  }
}
