// Channels and threads at the left, and the head of the page that says where one is.

import { avatar, h, icon, iconButton } from "./dom.js";
import { myKey, myName } from "./person.js";
import { isHere, isUnread, keyOf, state } from "./state.js";
import { t } from "./words.js";

const list = document.getElementById("places");
const title = document.getElementById("title");
const sidebar = document.getElementById("sidebar");
const scrim = document.getElementById("scrim");
const opener = document.getElementById("open-sidebar");

/** The address of a place on this page. */
export function addressOf({ channel, thread }) {
  return `#/${encodeURIComponent(channel)}${thread ? `/${thread}` : ""}`;
}

/** What a place is called. */
export function nameOf(place) {
  return place.thread ? place.title || t("side.thread") : `#${place.channel}`;
}

/** The places in the order of the sidebar: each channel with its threads, the one on the screen always among them. */
export function orderedPlaces() {
  const known = [...state.places];
  for (const place of [{ ...state.place, thread: "" }, state.place]) {
    if (!known.some((other) => keyOf(other) === keyOf(place))) known.push({ ...place, latest: "", title: rootTitle(place) });
  }
  const channels = known.filter((place) => !place.thread);
  return channels.flatMap((channel) => [channel, ...known.filter((place) => place.thread && place.channel === channel.channel)]);
}

function rootTitle(place) {
  return place.thread && isHere(place) ? (state.root?.text.slice(0, 60) ?? "") : "";
}

/** Draw the list and the head. */
export function showPlaces(newChannel) {
  const add = iconButton("plus", t("side.new"), newChannel, { id: "new-channel" });
  const links = orderedPlaces().map(link);
  list.replaceChildren(h("div", { class: "places-head" }, h("h2", {}, t("app.menu")), add), ...links);
  showTitle();
}

function link(place) {
  const unread = isUnread(place);
  return h(
    "a",
    {
      class: `place ${place.thread ? "thread" : ""} ${unread ? "unread" : ""}`,
      href: addressOf(place),
      "aria-current": isHere(place) ? "page" : null,
      dataset: { place: keyOf(place) },
    },
    h("span", { class: "mark", "aria-hidden": "true" }, place.thread ? icon("thread") : "#"),
    h("span", { class: "name" }, place.thread ? nameOf(place) : place.channel),
    unread ? h("span", { class: "dot" }) : null,
    unread ? h("span", { class: "sr-only" }, t("side.unread")) : null,
  );
}

function showTitle() {
  const { channel, thread } = state.place;
  const unread = state.places.some(isUnread) ? "• " : "";
  document.title = `${unread}#${channel} – ${document.getElementById("brand").textContent}`;
  if (!thread) {
    title.replaceChildren(h("h1", {}, `# ${channel}`));
    return;
  }
  const back = { class: "back", href: addressOf({ channel, thread: "" }), title: t("talk.thread.back", { channel }) };
  const here = orderedPlaces().find(isHere);
  title.replaceChildren(h("a", back, `# ${channel}`), h("span", { class: "sep" }, "›"), h("h1", {}, nameOf(here)));
}

/** Draw who sits here. */
export function showPerson() {
  const button = document.getElementById("open-person");
  const name = h("span", { class: "name" }, myName());
  button.replaceChildren(avatar(myName(), myKey(), true), name, icon("more"));
  button.title = t("person.settings");
}

/** On a narrow screen the sidebar lies over the page. */
function openSidebar(open) {
  sidebar.classList.toggle("open", open);
  scrim.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
  if (open) list.querySelector("[aria-current]")?.focus();
}

export function setUpSidebar() {
  opener.addEventListener("click", () => openSidebar(true));
  scrim.addEventListener("click", () => openSidebar(false));
  sidebar.addEventListener("click", (event) => event.target.closest("a.place") && openSidebar(false));
}

/** Close the sidebar where it lies over the page; whether it did. */
export function closeSidebar() {
  const open = !scrim.hidden;
  if (open) {
    openSidebar(false);
    opener.focus();
  }
  return open;
}
