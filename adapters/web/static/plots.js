// The dashboard's plots, drawn by plotly in the page's own colours.

import { h } from "./dom.js";
import { locale, t } from "./words.js";

/** A colour of the style sheet as plotly needs it: resolved for the theme of now. */
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function layout(extra = {}) {
  const axis = { gridcolor: colour("--line"), zeroline: false, linecolor: colour("--line"), automargin: true, fixedrange: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--faint") },
    margin: { l: 44, r: 12, t: 30, b: 36 },
    showlegend: false,
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom", traceorder: "normal" },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("--raise"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
    xaxis: { ...axis, showgrid: false },
    yaxis: { ...axis, rangemode: "tozero" },
    bargap: 0.35,
    ...extra,
  };
}

const CONFIG = { displayModeBar: false, responsive: true };

function plot(id, traces, extra, whole = false) {
  const box = document.getElementById(id);
  const any = traces.some((trace) => trace.y.some((value) => value));
  if (!any) {
    Plotly.purge(box);
    box.replaceChildren(h("div", { class: "nothing" }, t("dash.none")));
    return;
  }
  box.querySelector(".nothing")?.remove();
  const shape = layout(extra);
  // Whole things are counted in whole steps.
  if (whole && Math.max(...traces.flatMap((trace) => trace.y.map(Math.abs))) < 6) shape.yaxis.dtick = 1;
  Plotly.react(box, traces, shape, { ...CONFIG, locale: locale() });
}

/** Draw all plots of these figures. */
export function drawPlots({ buckets, releases, step_seconds: step }) {
  const x = buckets.map((bucket) => localTime(bucket.start));
  const width = step * 1000 * 0.7;
  const bars = (key, name, shade, sign = 1) => ({
    type: "bar",
    name,
    x,
    y: buckets.map((bucket) => sign * bucket[key]),
    customdata: buckets.map((bucket) => bucket[key]),
    hovertemplate: "%{customdata}",
    width,
    marker: { color: colour(shade), cornerradius: 3 },
  });
  const line = (key, name) => ({
    type: "scatter",
    mode: "lines+markers",
    name,
    x,
    y: buckets.map((bucket) => bucket[key]),
    connectgaps: true,
    line: { color: colour("--accent"), width: 2, shape: "spline", smoothing: 0.6 },
    marker: { size: 6 },
    hovertemplate: "%{y:.2f}",
  });
  const tickformat = step > 3600 ? t("dash.tick.day") : t("dash.tick.hour");
  const time = (extra = {}) => ({ xaxis: { ...layout().xaxis, type: "date", tickformat, range: [x[0], localTime(Date.now())] }, ...extra });
  const named = { showlegend: true };
  const answered = buckets.map(({ answers, failed }) => ({ answered: answers - failed, failed }));
  const done = { ...bars("answers", t("dash.answered"), "--accent"), y: answered.map((each) => each.answered) };
  done.customdata = done.y;
  plot("plot-turns", [done, bars("failed", t("dash.failed"), "--bad")], time({ barmode: "stack", ...named }), true);
  plot("plot-latency", [line("first_piece_s", t("dash.plot.latency"))], time());
  plot("plot-speed", [line("tokens_per_second", t("dash.plot.speed"))], time());
  const votes = [bars("good", t("dash.good"), "--good"), bars("bad", t("dash.bad"), "--bad", -1)];
  plot("plot-votes", votes, time({ barmode: "relative", ...named }), true);
  plotReleases(releases, named);
}

function plotReleases(releases, named) {
  const liked = releases.filter(({ good, bad }) => good + bad > 0);
  const trace = (key, shade) => ({
    type: "bar",
    name: t(`dash.${key}`),
    x: liked.map(({ release }) => release),
    y: liked.map((release) => release[key]),
    hovertemplate: "%{y}",
    marker: { color: colour(shade), cornerradius: 3 },
    width: liked.length < 4 ? 0.2 : null,
  });
  const xaxis = { ...layout().xaxis, type: "category" };
  plot("plot-releases", [trace("good", "--good"), trace("bad", "--bad")], { barmode: "stack", xaxis, ...named }, true);
}

/** Draw the curves of a training run: name → steps and values. */
export function drawCurves(curves) {
  const shades = ["--accent", "--good", "--bad", "--soft"];
  const traces = Object.entries(curves).map(([name, { x, y }], index) => ({
    type: "scatter",
    mode: x.length < 2 ? "markers" : "lines",
    name: t(`dash.curve.${name}`),
    x,
    y,
    line: { color: colour(shades[index % shades.length]), width: 2 },
    hovertemplate: "%{y:.3f}",
  }));
  const xaxis = { ...layout().xaxis, title: { text: t("dash.step") } };
  plot("plot-training", traces, { showlegend: true, xaxis, yaxis: { ...layout().yaxis, rangemode: "normal" } });
}

/** Plotly reads times without a zone as they stand; this is the reader's own clock. */
function localTime(ms) {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}
