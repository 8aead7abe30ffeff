// One panel: its frame, its queries, and the drawing that its type asks for.

import { ask, debounce, fill, h } from "./dom.js";
import { applyFieldConfig } from "./fields.js";
import { isEmpty, readFrames } from "./frames.js";
import { transform } from "./transform.js";
import { zoneOffset } from "./time.js";
import { create as barchart } from "./barchart.js";
import { create as gauge } from "./gauge.js";
import { create as stat } from "./stat.js";
import { create as table } from "./table.js";
import { create as text } from "./text.js";
import { create as timeseries } from "./timeseries.js";

const drawings = {
  timeseries, graph: timeseries, barchart, stat, singlestat: stat, gauge, bargauge: gauge, table, "table-old": table, text,
};

/** `host` gives {uid, range(), variables(), expand(text)} of the dashboard. */
export function makePanel(panel, host) {
  const title = h("h2", {}, "");
  const notes = h("div", { class: "panel-notes" });
  const body = h("div", { class: "panel-body" });
  const message = h("div", { class: "panel-message", hidden: true });
  const head = h("header", { class: "panel-head" }, title, notes);
  const id = `panel-${panel.id ?? Math.random().toString(36).slice(2)}`;
  title.id = `${id}-title`;
  const element = h("section", { class: `panel type-${panel.type}${panel.transparent ? " transparent" : ""}`, id, "aria-labelledby": title.id }, head, body, message);
  const make = drawings[panel.type];
  const targets = (panel.targets ?? []).filter((target) => !target.hide);
  const options = withOldOptions(panel);
  let drawing, running, isVisible = true, isStale = true;

  function refreshTitle() {
    const name = host.expand(panel.title ?? "");
    title.textContent = name;
    element.classList.toggle("untitled", !name);
    const override = panel.timeFrom && !panel.hideTimeOverride ? `Last ${panel.timeFrom}` : "";
    const shift = panel.timeShift && !panel.hideTimeOverride ? `${panel.timeShift} ago` : "";
    fill(notes, [override, shift].filter(Boolean).map((note) => h("span", { class: "note" }, note)),
      panel.description ? h("button", { type: "button", class: "note info", title: host.expand(panel.description), "aria-label": `About this panel: ${host.expand(panel.description)}` }, "i") : null,
      h("span", { class: "problem", hidden: true, role: "img" }, "!"));
  }

  function say(kind, words) {
    message.hidden = !words;
    message.className = `panel-message ${kind}`;
    message.textContent = words ?? "";
  }

  /** The small red mark in the corner: the drawing stays as it was. */
  function mark(words) {
    const badge = notes.querySelector(".problem");
    badge.hidden = !words;
    badge.title = words ?? "";
    badge.setAttribute("aria-label", words ?? "");
  }

  async function refresh() {
    refreshTitle();
    if (!make) {
      say("unknown", `A panel of type “${panel.type}” is not drawn here`);
      return;
    }
    if (panel.type === "text") {
      drawing ??= make(body, panel.type);
      drawing.update({ options: { ...options, content: host.expand(options.content ?? panel.content ?? "") }, panel });
      return;
    }
    if (!isVisible) { isStale = true; return; }
    isStale = false;
    running?.abort();
    const mine = (running = new AbortController());
    const { from, to } = host.range();
    element.classList.add("busy");
    try {
      if (targets.length === 0) { say("empty", "No queries"); return; }
      const width = Math.max(100, Math.round(body.clientWidth || 600));
      const answer = await ask("/api/ds/query", {
        from, to, zoneOffset: zoneOffset(), timeFrom: panel.timeFrom ?? undefined, timeShift: panel.timeShift ?? undefined,
        maxDataPoints: panel.maxDataPoints ?? width, interval: panel.interval ?? undefined, dashboardUid: host.uid, variables: host.variables(),
        queries: targets.map((target) => ({ ...target, datasource: target.datasource ?? panel.datasource ?? undefined })),
      }, mine.signal);
      if (mine.signal.aborted) return;
      show(answer);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (drawing) mark(error.message); else say("error", error.message);
    } finally {
      if (running === mine) element.classList.remove("busy");
    }
  }

  function show(answer) {
    const errors = Object.entries(answer.results).filter(([, result]) => result.error).map(([refId, result]) => (targets.length > 1 ? `${refId}: ` : "") + result.error);
    const { frames: changed, skipped } = transform(readFrames(answer.results), panel.transformations);
    const frames = applyFieldConfig(changed, fieldConfigOf(panel));
    element.dataset.state = errors.length ? "error" : isEmpty(frames) ? "empty" : "data";
    const words = [...errors, ...skipped.map((name) => `the transformation “${name}” is not done here`)].join("\n");
    const hasNothing = isEmpty(frames) || (drawing ?? (drawing = make(body, panel.type))).isEmpty(frames, options);
    body.classList.toggle("faded", hasNothing);
    if (errors.length && hasNothing) say("error", errors.join("\n"));
    else if (hasNothing) say("empty", panel.fieldConfig?.defaults?.noValue ?? (isEmpty(frames) ? "No data" : drawing.emptyText(frames, options)));
    else say("", null);
    mark(hasNothing && errors.length ? null : words || null);
    if (hasNothing) return;
    drawing.update({ frames, options, panel, title: panel.title ?? "", range: answer.range, stepMs: answer.intervalMs });
  }

  const onResize = debounce(() => { if (drawing && body.clientWidth && panel.type !== "text") refresh(); }, 300);
  let lastWidth = 0;
  const sizes = new ResizeObserver(() => {
    const width = body.clientWidth;
    if (lastWidth && Math.abs(width - lastWidth) > 40) onResize();
    lastWidth = width;
  });
  sizes.observe(body);
  const sight = new IntersectionObserver((entries) => {
    isVisible = entries.at(-1).isIntersecting;
    if (isVisible && isStale) refresh();
  }, { rootMargin: "300px" });
  sight.observe(element);
  refreshTitle();

  return { element, panel, refresh, destroy() {
    running?.abort();
    sizes.disconnect();
    sight.disconnect();
    drawing?.destroy();
  } };
}

/** Options of the panels that Grafana has replaced, under their new names. */
function withOldOptions(panel) {
  const options = { ...panel.options };
  if (panel.type === "singlestat") {
    options.reduceOptions ??= { calcs: [{ avg: "mean", current: "lastNotNull", total: "sum" }[panel.valueName] ?? panel.valueName ?? "mean"] };
    options.graphMode ??= panel.sparkline?.show ? "area" : "none";
  }
  if (panel.type === "graph") {
    options.tooltip ??= { mode: panel.tooltip?.shared === false ? "single" : "multi" };
    options.legend ??= { showLegend: panel.legend?.show !== false, displayMode: panel.legend?.alignAsTable ? "table" : "list", placement: panel.legend?.rightSide ? "right" : "bottom",
      calcs: ["min", "max", "avg", "current", "total"].filter((calc) => panel.legend?.[calc]).map((calc) => ({ avg: "mean", current: "lastNotNull", total: "sum" })[calc] ?? calc) };
  }
  return options;
}

function fieldConfigOf(panel) {
  if (panel.type === "singlestat") {
    return { defaults: { unit: panel.format, decimals: panel.decimals ?? undefined, color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps: [{ color: "green", value: null }] }, ...panel.fieldConfig?.defaults } };
  }
  if (panel.type === "graph") {
    const axis = panel.yaxes?.[0] ?? {};
    const number = (value) => (value === null || value === undefined || value === "" ? undefined : Number(value));
    return { defaults: { unit: axis.format, min: number(axis.min), max: number(axis.max), custom: {
      drawStyle: panel.bars ? "bars" : panel.lines === false ? "points" : "line", lineWidth: panel.linewidth ?? 1, fillOpacity: (panel.fill ?? 1) * 10,
      stacking: { mode: panel.stack ? (panel.percentage ? "percent" : "normal") : "none" }, spanNulls: panel.nullPointMode === "connected", showPoints: panel.points ? "always" : "never",
      lineInterpolation: panel.steppedLine ? "stepAfter" : "linear" } }, overrides: [] };
  }
  if ((panel.type === "stat" || panel.type === "gauge" || panel.type === "bargauge") && !panel.fieldConfig?.defaults?.color) {
    return { ...panel.fieldConfig, defaults: { ...panel.fieldConfig?.defaults, color: { mode: "thresholds" } } };
  }
  return panel.fieldConfig ?? {};
}
