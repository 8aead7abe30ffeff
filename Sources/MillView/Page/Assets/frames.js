// Data frames as the page handles them, and calculations over a column.

/** results of POST /api/ds/query → [{name, refId, fields: [{name, type, labels, config, values}]}] */
export function readFrames(results) {
  return Object.values(results).flatMap((result) => (result.frames ?? []).map((frame) => ({
    name: frame.schema.name, refId: frame.schema.refId,
    fields: frame.schema.fields.map((field, index) => ({
      name: field.name, type: field.type, labels: field.labels ?? {}, config: field.config ?? {},
      values: frame.data.values[index] ?? [],
    })),
  })));
}

export function rowCount(frame) { return frame.fields[0]?.values.length ?? 0; }
export function timeField(frame) { return frame.fields.find((field) => field.type === "time"); }
export function isEmpty(frames) { return frames.every((frame) => rowCount(frame) === 0); }

const numbers = (values) => values.filter((value) => typeof value === "number" && Number.isFinite(value));
const present = (values) => values.filter((value) => value !== null && value !== undefined);

/** The calculations of reduceOptions, legends and footers: name → [title, function of a column's values]. */
export const calculations = {
  lastNotNull: ["Last *", (values) => present(values).at(-1) ?? null],
  last: ["Last", (values) => values.at(-1) ?? null],
  firstNotNull: ["First *", (values) => present(values)[0] ?? null],
  first: ["First", (values) => values[0] ?? null],
  min: ["Min", (values) => least(numbers(values), 1)],
  max: ["Max", (values) => least(numbers(values), -1)],
  mean: ["Mean", (values) => { const list = numbers(values); return list.length ? total(list) / list.length : null; }],
  median: ["Median", (values) => percentile(numbers(values), 0.5)],
  sum: ["Total", (values) => { const list = numbers(values); return list.length ? total(list) : null; }],
  count: ["Count", (values) => values.length],
  range: ["Range", (values) => { const list = numbers(values); return list.length ? least(list, -1) - least(list, 1) : null; }],
  delta: ["Delta", (values) => increases(numbers(values))],
  step: ["Step", (values) => { const list = numbers(values); return least(list.slice(1).map((v, i) => v - list[i]), 1); }],
  diff: ["Difference", (values) => { const list = numbers(values); return list.length ? list.at(-1) - list[0] : null; }],
  diffperc: ["Difference percent", (values) => {
    const list = numbers(values);
    return list.length && list[0] !== 0 ? (list.at(-1) - list[0]) / list[0] : null;
  }],
  logmin: ["Min (above zero)", (values) => least(numbers(values).filter((value) => value > 0), 1)],
  variance: ["Variance", (values) => variance(numbers(values))],
  stdDev: ["StdDev", (values) => { const v = variance(numbers(values)); return v === null ? null : Math.sqrt(v); }],
  changeCount: ["Change count", (values) => values.filter((value, index) => index > 0 && value !== values[index - 1]).length],
  distinctCount: ["Distinct count", (values) => new Set(values).size],
  allIsZero: ["All zeros", (values) => values.every((value) => value === 0)],
  allIsNull: ["All nulls", (values) => present(values).length === 0],
};

export function calculate(name, values) {
  const percent = /^p(\d{1,2})$/.exec(name);
  if (percent) return percentile(numbers(values), Number(percent[1]) / 100);
  return (calculations[name] ?? calculations.lastNotNull)[1](values);
}

export function calculationTitle(name) { return calculations[name]?.[0] ?? name; }

function total(list) { return list.reduce((sum, value) => sum + value, 0); }
function least(list, sign) {
  if (list.length === 0) return null;
  return list.reduce((best, value) => (value * sign < best * sign ? value : best));
}
function variance(list) {
  if (list.length === 0) return null;
  const mean = total(list) / list.length;
  return total(list.map((value) => (value - mean) ** 2)) / list.length;
}
function percentile(list, share) {
  if (list.length === 0) return null;
  const sorted = [...list].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}
/** The growth of a counter: falls are restarts and count from zero. */
function increases(list) {
  return list.slice(1).reduce((sum, value, index) => sum + (value >= list[index] ? value - list[index] : value), 0);
}
