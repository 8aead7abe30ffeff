// Panel "stat": one big number per field, with its course behind it.

import { alpha, color, ink, textOn } from "./colors.js";
import { chosenFields, display } from "./fields.js";
import { calculate, timeField } from "./frames.js";
import { isMoment } from "./format.js";
import { h, fill } from "./dom.js";

/** Values in one panel. */
const valuesMax = 60;

export function create(body) {
  const grid = h("div", { class: "stats" });
  body.append(grid);
  let last, timer;
  const observer = new ResizeObserver(() => last && draw());
  observer.observe(body);

  function update(data) { last = data; draw(); }

  function draw() {
    const values = reducedValues(last.frames, last.options).slice(0, valuesMax);
    const { options } = last;
    const { clientWidth: width, clientHeight: height } = body;
    const isWide = options.orientation === "vertical" ? false : options.orientation === "horizontal" ? true : width >= height;
    const columns = options.orientation === "horizontal" ? 1 : isWide || options.orientation === "vertical" ? values.length : 1;
    const lines = Math.ceil(values.length / Math.max(1, columns));
    grid.style.gridTemplateColumns = `repeat(${Math.max(1, columns)}, minmax(0, 1fr))`;
    fill(grid, values.map((value) => tile(value, options, width / columns, height / lines, values.length)));
    clearInterval(timer);
    // "5 seconds ago" grows while nothing new comes.
    if (values.some(({ field }) => isMoment(field.config.unit))) timer = setInterval(draw, 1000);
  }

  return { update, destroy: () => { clearInterval(timer); observer.disconnect(); }, isEmpty: (frames, options) => reducedValues(frames, options).length === 0, emptyText: () => "No data" };
}

/** [{field, frame, value}]: each chosen field reduced to one value, or each of its rows. */
export function reducedValues(frames, options = {}) {
  const reduce = options.reduceOptions ?? {};
  const calc = reduce.calcs?.[0] ?? "lastNotNull";
  const isCount = ["count", "distinctCount", "changeCount"].includes(calc);
  return chosenFields(frames, reduce).flatMap(({ field, frame }) => {
    if (!reduce.values) return field.values.length ? [{ field, frame, value: calculate(calc, field.values), isCount }] : [];
    const text = frame.fields.find((one) => one.type === "string");
    return field.values.slice(0, reduce.limit ?? 25).map((value, row) => ({ field, frame, value, name: text?.values[row] }));
  });
}

function tile({ field, frame, value, name, isCount }, options, width, height, count) {
  const shown = display(field, value, { isCount });
  const mode = options.colorMode ?? "value";
  const showsArea = (options.graphMode ?? "area") === "area" && field.type === "number" && timeField(frame);
  const isFilled = mode === "background" || mode === "background_solid";
  const text = isFilled ? textOn(shown.color) : mode === "none" ? color("text") : ink(shown.color);
  const textMode = options.textMode ?? "auto";
  const title = name ?? field.displayName;
  const showsName = textMode === "name" || textMode === "value_and_name" || (textMode === "auto" && count > 1);
  const showsValue = textMode !== "name" && textMode !== "none";
  const course = showsArea ? spark(field, frame, isFilled ? "rgba(255,255,255,.55)" : shown.color, width, height) : null;
  const size = fontSize(shown.text, width - 24, (height - 8) * (course ? 0.46 : 0.6) - (showsName ? 18 : 0), options.text?.valueSize);
  const tileElement = h("div", { class: `stat${options.justifyMode === "center" || count === 1 ? " center" : ""}${course ? " with-course" : ""}` },
    course,
    showsName ? h("div", { class: "stat-name", style: { color: isFilled ? text : "" } }, title) : null,
    showsValue ? h("div", { class: "stat-value", style: { color: text, fontSize: `${size}px` } },
      shown.prefix ? h("small", {}, shown.prefix) : null, h("span", {}, shown.number), shown.suffix ? h("small", {}, shown.suffix) : null) : null);
  if (isFilled) {
    tileElement.style.background = mode === "background" ? `linear-gradient(120deg, ${shown.color}, ${alpha(shown.color, 0.78)})` : shown.color;
  }
  return tileElement;
}

/** As big as the text fits into the box. */
export function fontSize(text, width, height, fixed) {
  if (fixed) return fixed;
  const letters = Math.max(2, String(text).length);
  return Math.max(14, Math.min(height * 0.9, width / (letters * 0.6), 64));
}

/** A small course of the values along the bottom. */
function spark(field, frame, tint, width, height) {
  const times = timeField(frame).values;
  const points = field.values.map((value, index) => [times[index], value]).filter(([, value]) => typeof value === "number");
  if (points.length < 2) return null;
  const numbers = points.map(([, value]) => value);
  let [low, high] = [Math.min(...numbers, ...(field.config.min === undefined ? [] : [field.config.min])), Math.max(...numbers)];
  if (low === high) { low -= 1; high += 1; }
  const [start, end] = [points[0][0], points.at(-1)[0]];
  const [w, hgt] = [Math.max(10, width), Math.max(10, height * 0.38)];
  const place = ([time, value]) => `${(((time - start) / (end - start || 1)) * w).toFixed(1)},${(hgt - 2 - ((value - low) / (high - low)) * (hgt - 4)).toFixed(1)}`;
  const line = points.map(place).join("L");
  return h("svg", { class: "spark", viewBox: `0 0 ${w.toFixed(0)} ${hgt.toFixed(0)}`, preserveAspectRatio: "none", "aria-hidden": "true", style: { height: `${hgt}px` } },
    h("path", { d: `M0,${hgt}L${line}L${w},${hgt}Z`, fill: alpha(tint, 0.16) }), h("path", { d: `M${line}`, fill: "none", stroke: tint, "stroke-width": 1.6, "vector-effect": "non-scaling-stroke" }));
}

