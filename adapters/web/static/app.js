// The page from its start: words, person, line to the server, and the keys that work everywhere.

import { acceptDrops, escape, focusComposer, refreshComposer, sendText, showComposer } from "./composer.js";
import { helpDialog, jumpDialog, newChannelDialog, personDialog } from "./dialogs.js";
import { icon } from "./dom.js";
import { ask, connect, introduce } from "./link.js";
import { anyUnsent, flush, watchOutbox } from "./outbox.js";
import { myKey, recognise } from "./person.js";
import { addressOf, closeSidebar, orderedPlaces, setUpSidebar, showPerson, showPlaces } from "./sidebar.js";
import { enterPlace, isHere, keyOf, markSeen, state, takePlaces } from "./state.js";
import { layOut, seek, setUpTalk, showTalk, talkEvents } from "./talk.js";
import { applyWords, botName, loadWords, switchLanguage, t } from "./words.js";

const TROUBLE_RETRY_MS = 3000;
const FIRST_PLACE = { channel: "general", thread: "" };

const banner = document.getElementById("banner");

const events = {
  ...talkEvents,
  snapshot(event) {
    talkEvents.snapshot(event);
    drawPlaces();
  },
  up() {
    flush();
    showBanner();
  },
  down: showBanner,
  health(event) {
    state.health = event;
    showBanner();
  },
  places(event) {
    takePlaces(event.places);
    drawPlaces();
  },
  channel: () => ask({ type: "places" }),
  activity(event) {
    const place = state.places.find((known) => keyOf(known) === keyOf(event.place));
    if (!place) {
      ask({ type: "places" });
      return;
    }
    place.latest = event.latest;
    if (isHere(place) || event.author === myKey()) markSeen();
    drawPlaces();
  },
  resync: introduce,
  trouble(event) {
    banner.textContent = event.text;
    banner.hidden = false;
    setTimeout(introduce, TROUBLE_RETRY_MS);
  },
};

function showBanner() {
  const { painter, ...writer } = state.health ?? {};
  const said = state.connected ? [aboutWriter(writer), aboutPainter(painter ?? {})] : [t(anyUnsent() ? "banner.unsent" : "banner.lost")];
  const text = said.filter(Boolean).join(" ");
  banner.hidden = !text;
  if (text) banner.textContent = text;
}

function aboutWriter({ state, detail, download, replaced, model }) {
  const loading = download ? "banner.downloading" : "banner.loading";
  const ready = replaced ? "banner.replaced" : undefined;
  const line = { loading, restarting: "banner.restarting", failed: "banner.failed", ready }[state];
  const why = state === "failed" ? ` ${detail}` : "";
  return line && t(line, { ...download, model: replaced || model }) + why;
}

/** Only that its model is on the way, or did not come: how it is otherwise, a picture's own answer says. */
function aboutPainter({ state, download, replaced, model }) {
  if (download) return t("banner.painter.downloading", { ...download, model: replaced || model });
  return state === "ready" && replaced ? t("banner.painter.replaced", { model: replaced }) : "";
}

const drawPlaces = () => showPlaces(() => newChannelDialog(goTo));

function goTo(place) {
  if (location.hash === addressOf(place)) focusComposer();
  else location.hash = addressOf(place);
}

/** The place that the address names, and the message in it: `#/channel/thread/message`, all but the first optional. */
function readAddress() {
  const [, channel = "", thread = "", turn = ""] = location.hash.split("/");
  return { place: channel ? { channel: decodeURIComponent(channel), thread } : FIRST_PLACE, turn };
}

/** Look at the place that the address names, and at the message. */
function follow() {
  const { place, turn } = readAddress();
  if (!isHere(place)) goInto(place);
  if (turn) seek(turn);
}

function goInto(place) {
  enterPlace(place);
  ask({ type: "join", place: state.place });
  drawPlaces();
  showTalk();
  showComposer();
  markSeen();
  beginToWrite();
}

/** Put the cursor where one writes. On a touch screen the keyboard would cover what one came to read. */
function beginToWrite() {
  if (matchMedia("(hover: hover)").matches) focusComposer();
}

function move(step) {
  const places = orderedPlaces();
  const at = places.findIndex(isHere);
  goTo(places[(at + step + places.length) % places.length]);
}

function draw() {
  document.getElementById("brand").textContent = botName();
  applyWords();
  showPerson();
  drawPlaces();
  showTalk();
  showComposer();
  showBanner();
}

function onKey(event) {
  if (event.isComposing || document.querySelector("dialog[open], :popover-open")) return;
  const typing = event.target.closest?.("input, textarea, select");
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === "k") jumpDialog();
  else if (control && event.key === ".") focusComposer();
  else if (event.altKey && event.key === "ArrowUp") move(-1);
  else if (event.altKey && event.key === "ArrowDown") move(1);
  else if (event.key === "Escape") {
    if (!closeSidebar() && !escape()) return;
  } else if (event.key === "?" && !typing) helpDialog();
  else if (event.key === "/" && !typing && !control) {
    focusComposer();
    return;
  } else return;
  event.preventDefault();
}

async function start() {
  for (const element of document.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
  await loadWords();
  recognise();
  setUpSidebar();
  setUpTalk({
    openThread: goTo,
    replyChanged() {
      refreshComposer();
      focusComposer();
    },
    sendExample: sendText,
    changed: refreshComposer,
    follow,
  });
  watchOutbox(() => {
    layOut();
    showBanner();
  });
  acceptDrops();
  document.getElementById("open-help").addEventListener("click", helpDialog);
  document.getElementById("open-jump").addEventListener("click", jumpDialog);
  document.getElementById("open-person").addEventListener("click", () => personDialog(renamed));
  document.getElementById("language").addEventListener("click", () => {
    switchLanguage();
    draw();
    introduce();
  });
  addEventListener("hashchange", follow);
  addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", () => {
    markSeen();
    drawPlaces();
  });
  const { place, turn } = readAddress();
  enterPlace(place);
  draw();
  if (turn) seek(turn);
  beginToWrite();
  connect(events);
}

function renamed() {
  draw();
  introduce();
}

start();
