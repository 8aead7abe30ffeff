// Panel "gauge": an arc from min to max with its thresholds around it. And "bargauge": one bar per value.

import { color, ink, threshold } from "./colors.js";
import { display, withRange } from "./fields.js";
import { formatText } from "./format.js";
import { h, fill } from "./dom.js";
import { fontSize, reducedValues } from "./stat.js";

export function create(body, type) {
  const grid = h("div", { class: type === "bargauge" ? "bargauges" : "gauges" });
  body.append(grid);
  let last;
  const observer = new ResizeObserver(() => last && draw());
  observer.observe(body);

  function update(data) { last = data; draw(); }

  function draw() {
    const values = reducedValues(last.frames, last.options).slice(0, 30);
    const fields = values.map(({ field }) => field);
    if (type === "bargauge") { fill(grid, values.map((value) => bar(value, fields, values.length))); return; }
    const { clientWidth: width, clientHeight: height } = body;
    const columns = last.options.orientation === "vertical" || width >= height ? values.length : 1;
    const lines = Math.ceil(values.length / Math.max(1, columns));
    grid.style.gridTemplateColumns = `repeat(${Math.max(1, columns)}, minmax(0, 1fr))`;
    fill(grid, values.map((value) => dial(value, fields, last.options, width / columns, height / lines, values.length)));
  }

  return { update, destroy: () => observer.disconnect(), isEmpty: (frames, options) => reducedValues(frames, options).length === 0, emptyText: () => "No data" };
}

const start = -120, end = 120;

function dial({ field, value, name }, fields, options, width, height, count) {
  const { min, max } = withRange(field, fields);
  const config = { ...field.config, min, max, color: field.config.color ?? { mode: "thresholds" } };
  const shown = display({ ...field, config }, value);
  const share = typeof value === "number" ? Math.min(1, Math.max(0, (value - min) / (max - min || 1))) : 0;
  const title = count > 1 || options.text?.titleSize ? name ?? field.displayName : null;
  const text = size(shown.text, Math.min(width, height));
  const steps = config.thresholds?.steps ?? [];
  const position = (step, index) => (index === 0 || step.value === null ? 0 : config.thresholds?.mode === "percentage" ? step.value / 100 : (step.value - min) / (max - min || 1));
  const edges = steps.map(position).map((one) => Math.min(1, Math.max(0, one)));
  return h("div", { class: "dial", role: "meter", "aria-valuenow": value ?? "", "aria-valuemin": min, "aria-valuemax": max, "aria-label": field.displayName },
    h("svg", { viewBox: "0 2 200 160", "aria-hidden": "true" },
      h("path", { d: arc(78, 0, 1), class: "dial-track", "stroke-width": 22 }),
      share > 0 ? h("path", { d: arc(78, 0, share), stroke: shown.color, "stroke-width": 22, fill: "none" }) : null,
      options.showThresholdMarkers === false ? null : edges.map((edge, index) => {
        const next = edges[index + 1] ?? 1;
        return next > edge ? h("path", { d: arc(94, edge, next), stroke: color(steps[index].color), "stroke-width": 4, fill: "none" }) : null;
      }),
      h("text", { x: 100, y: 112, class: "dial-value", fill: ink(shown.color), "font-size": text }, shown.text),
      options.showThresholdLabels ? edges.slice(1).map((edge, index) => {
        const [x, y] = spot(108, edge);
        return h("text", { x, y, class: "dial-label" }, formatText(steps[index + 1].value, config.unit, config.decimals));
      }) : null,
      h("text", { x: 38, y: 158, class: "dial-label" }, formatText(min, config.unit)),
      h("text", { x: 162, y: 158, class: "dial-label" }, formatText(max, config.unit))),
    title ? h("div", { class: "stat-name" }, title) : null);
}

function size(text) { return Math.min(40, fontSize(text, 118, 40)); }

function spot(radius, share) {
  const angle = ((start + (end - start) * share - 90) * Math.PI) / 180;
  return [100 + radius * Math.cos(angle), 100 + radius * Math.sin(angle)].map((value) => Number(value.toFixed(2)));
}

function arc(radius, from, to) {
  const [x1, y1] = spot(radius, from);
  const [x2, y2] = spot(radius, to);
  return `M${x1},${y1}A${radius},${radius} 0 ${(to - from) * (end - start) > 180 ? 1 : 0} 1 ${x2},${y2}`;
}

function bar({ field, value, name }, fields) {
  const { min, max } = withRange(field, fields);
  const config = { ...field.config, min, max, color: field.config.color ?? { mode: "thresholds" } };
  const shown = display({ ...field, config }, value);
  const share = typeof value === "number" ? Math.min(1, Math.max(0, (value - min) / (max - min || 1))) : 0;
  const tint = typeof value === "number" ? shown.color : color(threshold(config, 0).color);
  return h("div", { class: "bargauge" }, h("span", {}, name ?? field.displayName),
    h("div", { class: "bargauge-track" }, h("div", { style: { width: `${share * 100}%`, background: tint } })), h("b", { style: { color: ink(tint) } }, shown.text));
}
