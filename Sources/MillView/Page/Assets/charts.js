// What all Chart.js panels share: theme, axes, hover, thresholds.

import { alpha, color } from "./colors.js";
import { formatText } from "./format.js";
import { h, fill } from "./dom.js";
import { timeTicks, tickText } from "./time.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function theme() {
  return { text: style("--text-dim"), strong: style("--text"), grid: style("--grid"), line: style("--line"), panel: style("--panel") };
}

/** Options that every chart starts from. */
export function baseOptions() {
  Chart.defaults.font.family = style("--font") || "system-ui, sans-serif";
  Chart.defaults.font.size = 11;
  return {
    responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: true, events: [],
    resizeDelay: 40, layout: { padding: { top: 6, right: 10, bottom: 0, left: 0 } },
    plugins: { legend: { display: false }, tooltip: { enabled: false } },
    scales: {},
  };
}

/** A number axis in milliseconds that looks like a time axis. */
export function timeAxis(from, to) {
  const { text, grid } = theme();
  let step = 1;
  return {
    type: "linear", min: from, max: to, offset: false, grid: { offset: false, color: grid, drawBorder: false, tickLength: 4 },
    afterBuildTicks(axis) {
      const list = timeTicks(from, to, Math.max(2, Math.floor(axis.width / 90)));
      step = list.length > 1 ? list[1] - list[0] : to - from;
      axis.ticks = list.map((value) => ({ value }));
    },
    ticks: { color: text, maxRotation: 0, autoSkip: false, padding: 2, callback: (value) => tickText(value, step) },
  };
}

/** A value axis with labels in the field's unit. */
export function valueAxis(config, { position = "left", grid = true, ...more } = {}) {
  const { text, grid: gridColor } = theme();
  const custom = config.custom ?? {};
  const isLog = custom.scaleDistribution?.type === "log";
  const side = custom.axisPlacement === "right" ? "right" : custom.axisPlacement === "left" ? "left" : position;
  return {
    type: isLog ? "logarithmic" : "linear", position: side, display: custom.axisPlacement !== "hidden",
    min: config.min, max: config.max, suggestedMin: custom.axisSoftMin, suggestedMax: custom.axisSoftMax,
    title: custom.axisLabel ? { display: true, text: custom.axisLabel, color: text } : { display: false },
    grid: { color: gridColor, drawBorder: false, display: grid && custom.axisGridShow !== false, drawTicks: false },
    ticks: { color: text, padding: 6, maxTicksLimit: 8, callback: (value) => formatText(value, config.unit, config.decimals) },
    ...more,
  };
}

/** Lines and areas at a field's thresholds, behind the data. */
export const thresholdPlugin = {
  id: "thresholds",
  beforeDatasetsDraw(chart, _, { steps, mode, scale = "y" } = {}) {
    const axis = chart.scales[scale];
    if (!steps || !axis || !mode || mode === "off") return;
    const { left, right, top, bottom } = chart.chartArea;
    const context = chart.ctx;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    steps.forEach((step, index) => {
      const y = step.value === null || step.value === undefined ? bottom : axis.getPixelForValue(step.value);
      const next = steps[index + 1];
      if (mode.includes("area")) {
        const above = next ? axis.getPixelForValue(next.value) : top;
        context.fillStyle = alpha(color(step.color), 0.12);
        context.fillRect(left, above, right - left, y - above);
      }
      if ((mode.includes("line") || mode.includes("dashed")) && index > 0) {
        context.strokeStyle = color(step.color);
        context.lineWidth = 1.5;
        context.setLineDash(mode.includes("dashed") ? [8, 6] : []);
        context.beginPath();
        context.moveTo(left, y);
        context.lineTo(right, y);
        context.stroke();
      }
    });
    context.restore();
  },
};

/** A vertical line where the mouse is. */
export const crosshairPlugin = {
  id: "crosshair",
  afterDatasetsDraw(chart) {
    const x = chart.$hoverX;
    if (x === undefined || x === null) return;
    const { top, bottom } = chart.chartArea;
    const context = chart.ctx;
    context.save();
    context.strokeStyle = theme().text;
    context.globalAlpha = 0.6;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
    for (const { x: px, y, tint } of chart.$hoverDots ?? []) {
      context.globalAlpha = 1;
      context.setLineDash([]);
      context.fillStyle = tint;
      context.strokeStyle = theme().panel;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(px, y, 4.5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    context.restore();
  },
};

let tip;

/** Shows the hover box beside a point of the screen: a title and rows {name, text, color, isStrong}. */
export function showTip(x, y, title, rows) {
  tip ??= document.body.appendChild(h("div", { class: "tip", role: "status" }));
  fill(tip, h("div", { class: "tip-title" }, title), rows.map((row) => h("div", { class: row.isStrong ? "tip-row strong" : "tip-row" },
    h("i", { style: { background: row.color } }), h("span", {}, row.name), h("b", {}, row.text))));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = x + 16 + box.width > innerWidth ? x - 16 - box.width : x + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - box.height - 4))}px`;
}

export function hideTip() { if (tip) tip.hidden = true; }

/** Calls `over(chart, x, y, event)` while the mouse is inside the chart's area, `out` when it leaves. */
export function trackMouse(canvas, chartOf, over, out) {
  canvas.addEventListener("pointermove", (event) => {
    const chart = chartOf();
    if (!chart?.chartArea) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const { left, right, top, bottom } = chart.chartArea;
    if (x < left || x > right || y < top || y > bottom) out(); else over(chart, x, y, event);
  });
  canvas.addEventListener("pointerleave", out);
}

/** Puts new datasets into a chart without making it anew: same keys keep their objects, so nothing flickers. */
export function updateDatasets(chart, datasets) {
  const old = new Map(chart.data.datasets.map((dataset) => [dataset.key, dataset]));
  chart.data.datasets = datasets.map((dataset) => {
    const kept = old.get(dataset.key);
    return kept && kept.type === dataset.type ? Object.assign(kept, dataset) : dataset;
  });
}
