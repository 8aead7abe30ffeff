// Panel "barchart": one group of bars per row, one colour per number column.

import { alpha, fieldColor, textOn } from "./colors.js";
import { baseOptions, hideTip, showTip, theme, trackMouse, updateDatasets, valueAxis } from "./charts.js";
import { display, toRegExp } from "./fields.js";
import { h } from "./dom.js";
import { makeLegend } from "./legend.js";
import { rowCount } from "./frames.js";

export function create(body) {
  const canvas = h("canvas", { role: "img" });
  const plot = h("div", { class: "plot" }, canvas);
  const legend = makeLegend(body, plot, () => draw());
  let chart, last, direction;
  trackMouse(canvas, () => chart, hover, hideTip);

  function update(data) { last = data; draw(); }

  function draw() {
    const { options } = last;
    const { labels, series } = tableOf(last.frames, options);
    const byRow = options.colorByField;
    const entries = series.map((field) => ({ field, name: field.displayName, tint: fieldColor(field.config, null, field.seriesIndex) }));
    legend.update(byRow ? [] : entries, options.legend);
    const shown = entries.filter(({ name }) => !legend.isHidden(name));
    const orientation = options.orientation === "horizontal" || options.orientation === "vertical" ? options.orientation : "vertical";
    const isFlat = orientation === "horizontal";
    const [category, value] = isFlat ? ["y", "x"] : ["x", "y"];
    const stacking = options.stacking ?? "none";
    const sums = labels.map((_, row) => shown.reduce((sum, { field }) => sum + (field.values[row] ?? 0), 0));
    const datasets = shown.map(({ field, tint, name }) => {
      const custom = field.config.custom ?? {};
      const values = field.values.map((number, row) => (stacking === "percent" && number !== null ? number / (sums[row] || 1) : number));
      const tints = byRow ? field.values.map((number) => fieldColor(byRow === field.displayName ? field.config : field.config, number, field.seriesIndex)) : tint;
      const isByValue = ["thresholds"].includes(field.config.color?.mode) || field.config.color?.mode?.startsWith("continuous");
      const edge = isByValue ? field.values.map((number) => fieldColor(field.config, number, field.seriesIndex)) : tints;
      const opacity = (custom.fillOpacity ?? 80) / 100;
      return {
        key: name, label: name, field, data: values, raw: field.values, borderColor: edge, borderWidth: custom.lineWidth ?? 1,
        backgroundColor: Array.isArray(edge) ? edge.map((one) => alpha(one, opacity)) : alpha(edge, opacity),
        barPercentage: options.barWidth ?? 0.97, categoryPercentage: options.groupWidth ?? 0.7, borderRadius: (options.barRadius ?? 0) * 20,
        stack: stacking === "none" ? undefined : "one", maxBarThickness: 120,
      };
    });
    const { text, grid } = theme();
    const config = stacking === "percent" ? { unit: "percentunit", custom: {} } : series[0]?.config ?? {};
    const scales = {
      [category]: { stacked: stacking !== "none", grid: { display: false, color: grid, drawBorder: false },
        ticks: { color: text, autoSkip: true, autoSkipPadding: 8, maxRotation: Math.abs(options.xTickLabelRotation ?? 0) || 45, minRotation: Math.abs(options.xTickLabelRotation ?? 0),
          callback: (index) => shorten(labels[index], options.xTickLabelMaxLength) } },
      [value]: { ...valueAxis(config, { position: isFlat ? "bottom" : "left" }), stacked: stacking !== "none", beginAtZero: true },
    };
    canvas.setAttribute("aria-label", `${last.title}: ${labels.join(", ")}`);
    if (chart && direction === orientation) {
      chart.data.labels = labels;
      updateDatasets(chart, datasets);
      chart.options.scales = scales;
      chart.$showValue = options.showValue;
      chart.update("none");
      return;
    }
    chart?.destroy();
    direction = orientation;
    const settings = { ...baseOptions(), parsing: true, normalized: false, indexAxis: category, scales };
    chart = new Chart(canvas, { type: "bar", data: { labels, datasets }, options: settings, plugins: [valuePlugin] });
    chart.$showValue = options.showValue;
    chart.draw();
  }

  function hover(chart_, x, y, event) {
    const mode = last.options.tooltip?.mode ?? "single";
    const isFlat = direction === "horizontal";
    const scale = chart_.scales[isFlat ? "y" : "x"];
    const row = Math.round(scale.getValueForPixel(isFlat ? y : x));
    if (mode === "none" || row < 0 || row >= chart_.data.labels.length) { hideTip(); return; }
    const bars = chart_.data.datasets.map((dataset, index) => ({ dataset, bar: chart_.getDatasetMeta(index).data[row] }));
    const under = bars.find(({ bar }) => bar?.inRange(x, y));
    const rows = mode === "multi" ? bars : under ? [under] : bars;
    showTip(event.clientX, event.clientY, chart_.data.labels[row], rows.map(({ dataset }) => ({
      name: dataset.label, text: display(dataset.field, dataset.raw[row]).text || "–", isStrong: rows.length > 1 && dataset === under?.dataset,
      color: Array.isArray(dataset.borderColor) ? dataset.borderColor[row] : dataset.borderColor,
    })));
  }

  return { update, destroy: () => { hideTip(); chart?.destroy(); }, isEmpty: (frames) => tableOf(frames, {}).series.length === 0 || frames.every((f) => rowCount(f) === 0),
    emptyText: () => "No data" };
}

/** Labels and number columns: of one table, or of many frames put side by side. */
function tableOf(frames, options) {
  const filled = frames.filter((frame) => rowCount(frame) > 0);
  if (filled.length === 0) return { labels: [], series: [] };
  if (filled.length > 1 && filled.every((frame) => frame.fields.length <= 2 && rowCount(frame) === 1)) return grouped(filled);
  const frame = filled[0];
  const pattern = options.xField ? toRegExp(options.xField) : null;
  const named = frame.fields.find((field) => field.displayName === options.xField || field.name === options.xField)
    ?? (pattern && frame.fields.find((field) => pattern.test(field.displayName)));
  const axis = named ?? frame.fields.find((field) => field.type === "string") ?? frame.fields.find((field) => field.type === "time");
  const series = frame.fields.filter((field) => field.type === "number" && field !== axis);
  const strings = frame.fields.filter((field) => field.type === "string" && field !== axis);
  // Rows of (category, group, number), as GROUP BY two tags gives: the group becomes the colour.
  if (axis?.type === "string" && strings.length === 1 && series.length === 1) return pivot(axis, strings[0], series[0]);
  const labels = axis ? axis.values.map((value) => display(axis, value).text) : series[0]?.values.map((_, index) => String(index + 1)) ?? [];
  return { labels, series };
}

function pivot(axis, group, numbers) {
  const labels = [...new Set(axis.values)];
  const names = [...new Set(group.values)];
  const series = names.map((name, index) => {
    const values = labels.map(() => null);
    axis.values.forEach((label, row) => { if (group.values[row] === name) values[labels.indexOf(label)] = numbers.values[row]; });
    return { ...numbers, displayName: String(name), values, seriesIndex: index, config: coloured(numbers, String(name)) };
  });
  return { labels: labels.map(String), series };
}

/** Overrides by the group's name reach a pivoted column too. */
function coloured(field, name) { return field.configFor?.(name) ?? field.config; }

/** Series of one value each with tags (GROUP BY nat, gender as time series): first tag = category, second = colour. */
function grouped(frames) {
  const fields = frames.map((frame) => frame.fields.find((field) => field.type === "number")).filter(Boolean);
  const keys = [...new Set(fields.flatMap((field) => Object.keys(field.labels)))];
  if (keys.length === 0) {
    return { labels: fields.map((field) => field.displayName), series: fields.length ? [{ ...fields[0], values: fields.map((field) => field.values[0]), seriesIndex: 0 }] : [] };
  }
  const [byRow, bySeries] = keys.length > 1 ? [keys.at(-1), keys[0]] : [keys[0], null];
  const labels = [...new Set(fields.map((field) => field.labels[byRow] ?? ""))];
  const names = bySeries ? [...new Set(fields.map((field) => field.labels[bySeries] ?? ""))] : ["Value"];
  const series = names.map((name, index) => ({
    ...fields[0], displayName: name, seriesIndex: index, config: coloured(fields[0], name),
    values: labels.map((label) => fields.find((field) => field.labels[byRow] === label && (!bySeries || field.labels[bySeries] === name))?.values[0] ?? null),
  }));
  return { labels, series };
}

function shorten(text, length) { return length && text?.length > length ? `${text.slice(0, length)}…` : text; }

/** The numbers on the bars ("showValue"). */
const valuePlugin = {
  id: "values",
  afterDatasetsDraw(chart) {
    const mode = chart.$showValue ?? "auto";
    if (mode === "never") return;
    const context = chart.ctx;
    context.save();
    context.font = `11px ${Chart.defaults.font.family}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const isFlat = chart.options.indexAxis === "y";
    chart.data.datasets.forEach((dataset, index) => {
      chart.getDatasetMeta(index).data.forEach((bar, row) => {
        const value = dataset.raw[row];
        if (value === null || value === undefined || value === 0) return;
        const text = display(dataset.field, value).text;
        const { x, y, base, width, height } = bar.getProps(["x", "y", "base", "width", "height"], true);
        const [wide, high] = isFlat ? [Math.abs(base - x), height] : [width, Math.abs(base - y)];
        if (mode === "auto" && (context.measureText(text).width > wide - 4 || high < 15)) return;
        context.fillStyle = textOn(Array.isArray(dataset.borderColor) ? dataset.borderColor[row] : dataset.borderColor);
        context.fillText(text, isFlat ? (base + x) / 2 : x, isFlat ? y : (base + y) / 2);
      });
    });
    context.restore();
  },
};
