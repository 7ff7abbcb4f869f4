// The dashboard: figures fetched every few seconds, shown as cards, plots (plotly) and tables.

import { h } from "./dom.js";
import { drawCurves, drawPlots } from "./plots.js";
import { applyWords, botName, loadWords, locale, sizeOf, switchLanguage, t } from "./words.js";

const EVERY_MS = 5000;
const PERIODS = [1, 24, 168, 720];

let hours = Number(localStorage.getItem("inkling.hours") ?? 24);
let figures = null;
let updatedAt = 0;
let timer = 0;

const number = (value, digits = 0) => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
const clock = (ms) => new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(ms);
const sum = (key) => figures.buckets.reduce((total, bucket) => total + bucket[key], 0);

/** The middle of the stretches where something happened. */
function median(key) {
  const values = figures.buckets.map((bucket) => bucket[key]).filter((value) => value !== null).sort((a, b) => a - b);
  return values.length ? values[Math.floor(values.length / 2)] : null;
}

function card(title, figure, hint, unit = "", words = false) {
  const shown = h("div", { class: `figure ${words ? "words" : ""}` }, figure, unit ? h("small", {}, ` ${unit}`) : null);
  return h("article", { class: "card" }, h("h2", {}, title), shown, hint ? h("p", {}, hint) : null);
}

function engineCard(title, engine) {
  if (!engine) return card(title, t("dash.painter.none"), "", "", true);
  const state = h("span", {}, h("i", { class: `state ${engine.state}` }), t(`dash.engine.${engine.state}`));
  const hint = [engine.model, engine.release && t("dash.release", { release: engine.release })].filter(Boolean).join(" · ");
  return card(title, state, hint, "", true);
}

function cards() {
  const { engine, painter, totals, line, data_bytes: bytes } = figures;
  const [good, bad] = [sum("good"), sum("bad")];
  const [first, speed] = [median("first_piece_s"), median("tokens_per_second")];
  const liked = good + bad ? `${number((100 * good) / (good + bad))}` : "–";
  return [
    engineCard(t("dash.engine"), engine),
    engineCard(t("dash.painter"), painter),
    card(t("dash.answers"), number(sum("answers")), t("dash.answers.hint", { failed: number(sum("failed")) })),
    card(t("dash.first"), first === null ? "–" : number(first, 2), t("dash.first.hint"), first === null ? "" : "s"),
    card(t("dash.speed"), speed === null ? "–" : number(speed, 1), t("dash.speed.hint")),
    card(t("dash.line"), number(line), t("dash.line.hint", { running: number(engine.running) })),
    card(t("dash.votes"), liked, t("dash.votes.hint", { good: number(good), bad: number(bad) }), good + bad ? "%" : ""),
    card(t("dash.size"), sizeOf(bytes), t("dash.size.hint", { turns: number(totals.turns), conversations: number(totals.conversations) })),
  ];
}

/** The training run under way, or the last one: what it is at, how far, and its curves. */
function training() {
  const run = figures.training;
  document.getElementById("training").hidden = !run;
  if (!run) return;
  const bar = document.getElementById("training-progress");
  bar.hidden = !run.progress;
  const state = [t(`dash.run.${run.state}`)];
  if (run.progress) {
    const { stage, done, total, loss, seconds_left: left } = run.progress;
    bar.value = total ? done / total : 0;
    state.push(t(`dash.stage.${stage}`), `${number(done)}/${number(total)}`);
    if (loss !== null) state.push(t("dash.loss", { loss: number(loss, 3) }));
    if (left !== null) state.push(t("dash.left", { seconds: number(left) }));
  } else if (run.release) {
    state.push(run.release);
  }
  state.push(t("dash.examples", { used: number(run.used) }), new Intl.DateTimeFormat(locale(), { dateStyle: "short", timeStyle: "short" }).format(run.started));
  document.getElementById("training-state").textContent = state.join(" · ");
  drawCurves(run.curves);
}

function table(caption, heads, rows) {
  const cell = (tag) => (text) => h(tag, tag === "th" ? { scope: "col" } : {}, text);
  const body = rows.map((row) => h("tr", {}, row.map(cell("td"))));
  return h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads.map(cell("th")))), h("tbody", {}, body));
}

function tables() {
  const when = new Intl.DateTimeFormat(locale(), { dateStyle: "short", timeStyle: "short" });
  const maybe = (value, digits) => (value === null ? "–" : number(value, digits));
  const busy = figures.buckets.filter((bucket) => bucket.answers + bucket.failed + bucket.good + bucket.bad > 0);
  const rows = busy.map((bucket) => [
    when.format(bucket.start),
    number(bucket.answers),
    number(bucket.failed),
    maybe(bucket.first_piece_s, 2),
    maybe(bucket.tokens_per_second, 1),
    number(bucket.good),
    number(bucket.bad),
  ]);
  const heads = ["dash.time", "dash.answers", "dash.failed", "dash.plot.latency", "dash.plot.speed", "dash.good", "dash.bad"].map((key) => t(key));
  const releases = figures.releases.map(({ release, answers, good, bad }) => [release, ...[answers, good, bad].map((value) => number(value))]);
  const releaseHeads = ["dash.release.head", "dash.answers", "dash.good", "dash.bad"].map((key) => t(key));
  if (!rows.length && !releases.length) return [h("p", { class: "hint" }, t("dash.none"))];
  return [table(t("dash.plot.turns"), heads, rows), table(t("dash.plot.releases"), releaseHeads, releases)];
}

function periods() {
  const option = (value) =>
    h("button", { type: "button", "aria-pressed": String(value === hours), onclick: () => look(value) }, t(`dash.hours.${value}`));
  document.getElementById("periods").replaceChildren(...PERIODS.map(option));
}

function draw() {
  applyWords();
  document.getElementById("brand").textContent = botName();
  document.title = `${t("dash.title")} – ${botName()}`;
  periods();
  if (!figures) return;
  document.getElementById("cards").replaceChildren(...cards());
  document.getElementById("tables").replaceChildren(...tables());
  drawPlots(figures);
  training();
}

function say(key) {
  document.getElementById("updated").textContent = updatedAt ? t(key, { time: clock(updatedAt) }) : "";
}

async function update() {
  clearTimeout(timer);
  const asked = hours;
  try {
    const response = await fetch(`/api/dashboard?hours=${asked}`, { signal: AbortSignal.timeout(EVERY_MS * 2) });
    if (response.status === 401) location.assign("/login");
    if (!response.ok) throw new Error(response.statusText);
    const answer = await response.json();
    if (asked === hours) {
      figures = answer;
      updatedAt = Date.now();
      draw();
      say("dash.updated");
    }
  } catch {
    say("dash.stale");
  }
  clearTimeout(timer);
  timer = setTimeout(update, EVERY_MS);
}

function look(value) {
  hours = value;
  localStorage.setItem("inkling.hours", String(value));
  periods();
  update();
}

await loadWords();
document.getElementById("language").addEventListener("click", () => {
  switchLanguage();
  draw();
  say("dash.updated");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
update();
