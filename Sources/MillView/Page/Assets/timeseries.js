// Panel "timeseries" (and the older "graph"): lines, bars, points over time.

import { alpha, fieldColor } from "./colors.js";
import { baseOptions, crosshairPlugin, hideTip, showTip, thresholdPlugin, timeAxis, trackMouse, updateDatasets, valueAxis } from "./charts.js";
import { display } from "./fields.js";
import { timeField } from "./frames.js";
import { h } from "./dom.js";
import { makeLegend } from "./legend.js";
import { momentText } from "./time.js";

export function create(body) {
  const canvas = h("canvas", { role: "img" });
  const plot = h("div", { class: "plot" }, canvas);
  const legend = makeLegend(body, plot, () => draw());
  let chart, last;
  trackMouse(canvas, () => chart, hover, leave);

  function update(data) {
    last = data;
    draw();
  }

  function draw() {
    const { frames, options, range, timeFieldsMissing } = last;
    const series = seriesOf(frames);
    legend.update(series.map(({ field, tint }) => ({ field, tint, name: field.displayName })), options.legend);
    const shown = series.filter(({ field }) => !legend.isHidden(field.displayName) && !hiddenIn(field, "viz"));
    const axes = axesOf(shown);
    const width = plot.clientWidth || 600;
    const datasets = datasetsOf(shown, axes, width, range, last.stepMs);
    const first = shown[0]?.field.config ?? {};
    const thresholds = { steps: first.thresholds?.steps, mode: first.custom?.thresholdsStyle?.mode };
    canvas.setAttribute("aria-label", `${last.title}: ${shown.map(({ field }) => field.displayName).join(", ")}${timeFieldsMissing ?? ""}`);
    const scales = { x: timeAxis(range.from, range.to) };
    axes.forEach((axis, index) => {
      scales[axis.id] = valueAxis(axis.config, { position: index === 0 ? "left" : "right", grid: index === 0, stacked: axis.isStacked, beginAtZero: axis.startsAtZero, ...(axis.isPercent ? { min: 0, max: 1 } : {}) });
    });
    if (chart && Object.keys(chart.options.scales).join() === Object.keys(scales).join()) {
      updateDatasets(chart, datasets);
      chart.options.scales = scales;
      chart.options.plugins.thresholds = thresholds;
      chart.update("none");
      return;
    }
    chart?.destroy();
    const settings = baseOptions();
    settings.scales = scales;
    settings.plugins.thresholds = thresholds;
    chart = new Chart(canvas, { type: "line", data: { datasets }, options: settings, plugins: [thresholdPlugin, crosshairPlugin] });
  }

  function hover(chart_, x, y, event) {
    const mode = last.options.tooltip?.mode ?? "single";
    const time = chart_.scales.x.getValueForPixel(x);
    const dots = [];
    for (const dataset of chart_.data.datasets) {
      const point = nearest(dataset.data, time);
      if (!point) continue;
      const meta = chart_.getDatasetMeta(chart_.data.datasets.indexOf(dataset));
      const element = meta.data[point.index];
      if (element) dots.push({ x: element.x, y: element.y, tint: dataset.borderColor, field: dataset.field, time: point.x, value: point.raw ?? point.y });
    }
    if (mode === "none" || dots.length === 0) { leave(); return; }
    const closest = dots.reduce((best, dot) => (Math.abs(dot.y - y) + Math.abs(dot.x - x) * 2 < Math.abs(best.y - y) + Math.abs(best.x - x) * 2 ? dot : best));
    const rows = (mode === "multi" ? dots.filter((dot) => Math.abs(dot.x - closest.x) < 3) : [closest]).filter(({ field }) => !hiddenIn(field, "tooltip"));
    const sort = last.options.tooltip?.sort;
    if (sort === "asc" || sort === "desc") rows.sort((a, b) => (a.value - b.value) * (sort === "asc" ? 1 : -1));
    chart_.$hoverX = closest.x;
    chart_.$hoverDots = rows;
    chart_.draw();
    showTip(event.clientX, event.clientY, momentText(closest.time, last.range.to - last.range.from), rows.map((row) => ({
      name: row.field.displayName, text: display(row.field, row.value).text, color: row.tint, isStrong: rows.length > 1 && row === closest,
    })));
  }

  function leave() {
    hideTip();
    if (!chart || chart.$hoverX === undefined || chart.$hoverX === null) return;
    chart.$hoverX = null;
    chart.$hoverDots = [];
    chart.draw();
  }

  return { update, destroy: () => { leave(); chart?.destroy(); }, isEmpty: (frames) => seriesOf(frames).length === 0,
    emptyText: (frames) => (frames.some((frame) => !timeField(frame)) ? "Data does not have a time field" : "No data") };
}

export function hiddenIn(field, place) { return field.config.custom?.hideFrom?.[place] === true; }

function seriesOf(frames) {
  return frames.flatMap((frame) => {
    const time = timeField(frame);
    if (!time) return [];
    return frame.fields.filter((field) => field.type === "number" || field.type === "boolean").map((field) => {
      const values = field.type === "boolean" ? field.values.map((value) => (value === null ? null : Number(value))) : field.values;
      const lastValue = values.findLast((value) => value !== null);
      return { field, time: time.values, values, tint: fieldColor(field.config, lastValue, field.seriesIndex) };
    });
  }).filter(({ values }) => values.length > 0);
}

/** Series of the same unit and side share an axis. */
function axesOf(series) {
  const axes = [];
  for (const { field } of series) {
    const custom = field.config.custom ?? {};
    const key = `${field.config.unit ?? ""} ${custom.axisPlacement ?? "auto"} ${custom.axisLabel ?? ""}`;
    let axis = axes.find((one) => one.key === key);
    if (!axis) {
      axis = { key, id: axes.length === 0 ? "y" : `y${axes.length}`, config: field.config, isStacked: false };
      axes.push(axis);
    }
    if (isStacked(custom)) axis.isStacked = true;
    if (custom.stacking?.mode === "percent") axis.isPercent = true;
    if (custom.drawStyle === "bars") axis.startsAtZero = true;
  }
  return axes.length ? axes : [{ key: "", id: "y", config: {}, isStacked: false }];
}

const isStacked = (custom) => ["normal", "percent"].includes(custom.stacking?.mode);

function datasetsOf(series, axes, width, range, stepMs) {
  const sums = percentSums(series);
  const stackedBefore = new Set();
  return series.map(({ field, time, values, tint }, index) => {
    const custom = field.config.custom ?? {};
    const unit = `${field.config.unit ?? ""} ${custom.axisPlacement ?? "auto"} ${custom.axisLabel ?? ""}`;
    const axis = axes.find((one) => one.key === unit);
    const percent = custom.stacking?.mode === "percent";
    const negate = custom.transform === "negative-Y" ? -1 : 1;
    const data = time.map((x, at) => {
      const raw = values[at];
      const y = raw === null || raw === undefined ? null : percent ? raw / (sums.get(x) || 1) : raw * negate;
      return { x, y, raw, index: at };
    });
    const style = custom.drawStyle ?? "line";
    const group = `${axis.id} ${custom.stacking?.group ?? "A"}`;
    const opacity = (custom.fillOpacity ?? 0) / 100;
    const dataset = {
      key: `${field.displayName}#${index}`, field, data, yAxisID: axis.id, borderColor: tint, borderWidth: custom.lineWidth ?? 1,
      order: series.length - index, stack: isStacked(custom) ? group : undefined, clip: 2,
    };
    if (style === "bars") {
      const bar = Math.max(1, Math.min(80, ((width - 60) * stepMs) / (range.to - range.from)) * 0.85);
      return { ...dataset, type: "bar", backgroundColor: alpha(tint, Math.max(opacity, 0.05)), barThickness: bar, grouped: false, maxBarThickness: 80 };
    }
    const radius = (custom.pointSize ?? 5) / 2;
    const alone = (at) => data[at].y !== null && (data[at - 1]?.y ?? null) === null && (data[at + 1]?.y ?? null) === null;
    const sparse = width / Math.max(1, data.length) > 24 && data.length < 60;
    const points = style === "points" || custom.showPoints === "always" || ((custom.showPoints ?? "auto") === "auto" && sparse);
    const below = isStacked(custom) && stackedBefore.has(group) ? "-1" : "origin";
    if (isStacked(custom)) stackedBefore.add(group);
    return {
      ...dataset, type: "line", showLine: style !== "points", pointBackgroundColor: tint, pointBorderWidth: 0, pointHitRadius: 0,
      pointRadius: data.map((_, at) => (points || alone(at) ? Math.max(radius, 1.5) : 0)),
      backgroundColor: gradient(tint, opacity, custom.gradientMode), fill: opacity > 0 ? below : false,
      borderDash: custom.lineStyle?.fill === "dash" ? custom.lineStyle.dash ?? [10, 10] : [],
      cubicInterpolationMode: custom.lineInterpolation === "smooth" ? "monotone" : "default",
      stepped: custom.lineInterpolation === "stepAfter" ? "before" : custom.lineInterpolation === "stepBefore" ? "after" : false,
      spanGaps: custom.spanNulls ?? false, borderJoinStyle: "round",
    };
  });
}

function gradient(tint, opacity, mode) {
  if (mode !== "opacity" && mode !== "hue") return alpha(tint, opacity);
  return (context) => {
    const area = context.chart.chartArea;
    if (!area) return alpha(tint, opacity);
    const fade = context.chart.ctx.createLinearGradient(0, area.top, 0, area.bottom);
    fade.addColorStop(0, alpha(tint, opacity));
    fade.addColorStop(1, alpha(tint, 0));
    return fade;
  };
}

function percentSums(series) {
  const sums = new Map();
  for (const { field, time, values } of series) {
    if (field.config.custom?.stacking?.mode !== "percent") continue;
    time.forEach((x, at) => sums.set(x, (sums.get(x) ?? 0) + (values[at] ?? 0)));
  }
  return sums;
}

/** The point with a value that is nearest in time. */
function nearest(data, time) {
  let low = 0, high = data.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data[middle].x < time) low = middle + 1; else high = middle;
  }
  for (let away = 0; away < data.length; away += 1) {
    const found = [data[low - 1 - away], data[low + away]].filter((point) => point && point.y !== null);
    if (found.length) return found.reduce((a, b) => (Math.abs(a.x - time) <= Math.abs(b.x - time) ? a : b));
  }
  return null;
}
