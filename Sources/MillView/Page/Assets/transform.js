// Grafana's transformations, the common ones. The rest is named on the panel.

import { calculate, calculationTitle, rowCount, timeField } from "./frames.js";
import { toRegExp, applyFieldConfig } from "./fields.js";

/** {frames, skipped: [names of transformations that are not known]} */
export function transform(frames, transformations = []) {
  const skipped = [];
  for (const { id, options = {}, disabled, filter } of transformations) {
    if (disabled) continue;
    const step = steps[id];
    if (!step) { skipped.push(id); continue; }
    named(frames);
    if (filter?.id === "byRefId") {
      const inside = frames.filter((frame) => toRegExp(filter.options).test(frame.refId));
      frames = [...step(inside, options), ...frames.filter((frame) => !inside.includes(frame))];
    } else {
      frames = step(frames, options);
    }
  }
  return { frames, skipped };
}

/** Transformations speak of fields by the names that are shown. */
function named(frames) { applyFieldConfig(frames.map((frame) => ({ ...frame, fields: frame.fields })), {}); }

const column = (name, type, values, labels = {}) => ({ name, type, labels, config: {}, values, displayName: name });
const shownName = (field) => field.displayName ?? field.name;
const pick = (frame, rows) => ({ ...frame, fields: frame.fields.map((field) => ({ ...field, values: rows.map((row) => field.values[row]) })) });

const steps = {
  organize(frames, { excludeByName = {}, includeByName = {}, indexByName = {}, renameByName = {} }) {
    return frames.map((frame) => {
      const included = Object.values(includeByName).some(Boolean);
      const fields = frame.fields.filter((field) => !excludeByName[shownName(field)] && (!included || includeByName[shownName(field)]));
      const place = (field) => indexByName[shownName(field)] ?? 1000;
      return { ...frame, fields: fields.map((field, at) => [field, at]).sort(([a, i], [b, j]) => place(a) - place(b) || i - j).map(([field]) => {
        const name = renameByName[shownName(field)];
        return name ? { ...field, name, displayName: name, config: { displayNameFromDS: name } } : field;
      }) };
    });
  },
  filterFieldsByName(frames, { include = {}, exclude = {} }) {
    const fits = (field, { names, pattern }) => names?.includes(shownName(field)) || (pattern && toRegExp(pattern).test(shownName(field)));
    const hasInclude = include.names || include.pattern;
    return frames.map((frame) => ({ ...frame, fields: frame.fields.filter((field) => (!hasInclude || fits(field, include)) && !fits(field, exclude)) }));
  },
  filterByRefId(frames, { include }) { return include ? frames.filter((frame) => toRegExp(include).test(frame.refId)) : frames; },
  renameByRegex(frames, { regex = "", renamePattern = "" }) {
    const found = /^\/(.*)\/([a-z]*)$/s.exec(regex);
    const pattern = found ? new RegExp(found[1], found[2]) : new RegExp(regex);
    return frames.map((frame) => ({ ...frame, fields: frame.fields.map((field) => {
      if (field.type === "time") return field;
      const name = shownName(field).replace(pattern, renamePattern);
      return { ...field, name, displayName: name, config: { displayNameFromDS: name } };
    }) }));
  },
  merge(frames) {
    if (frames.length < 2) return frames;
    const names = [...new Set(frames.flatMap((frame) => frame.fields.map(shownName)))];
    // Rows that agree in all columns they share become one.
    const rows = [];
    for (const frame of frames) {
      for (let row = 0; row < rowCount(frame); row += 1) {
        const values = Object.fromEntries(frame.fields.map((field) => [shownName(field), field.values[row]]));
        const shared = rows.find((other) => {
          const keys = Object.keys(values).filter((key) => key in other);
          return keys.length > 0 && keys.every((key) => other[key] === values[key]) && !Object.keys(values).every((key) => key in other);
        });
        if (shared) Object.assign(shared, values); else rows.push(values);
      }
    }
    const all = frames.flatMap((frame) => frame.fields);
    return [{ name: frames[0].name, refId: frames[0].refId, fields: names.map((name) => {
      const model = all.find((field) => shownName(field) === name);
      return { ...model, values: rows.map((row) => row[name] ?? null) };
    }) }];
  },
  reduce(frames, { reducers = ["max"], mode, includeTimeField }) {
    const fields = frames.flatMap((frame) => frame.fields.filter((field) => field.type === "number" || (includeTimeField && field.type === "time")));
    if (mode === "reduceFields") {
      return [{ name: frames[0]?.name, refId: frames[0]?.refId, fields: fields.map((field) => ({ ...field, values: [calculate(reducers[0], field.values)] })) }];
    }
    return [{ name: "", refId: frames[0]?.refId, fields: [column("Field", "string", fields.map(shownName)),
      ...reducers.map((reducer) => column(calculationTitle(reducer), "number", fields.map((field) => calculate(reducer, field.values))))] }];
  },
  labelsToFields(frames, { mode, keepLabels, valueLabel }) {
    const key = (label) => !keepLabels?.length || keepLabels.includes(label);
    if (mode === "rows") {
      const rows = frames.flatMap((frame) => frame.fields.flatMap((field) => Object.entries(field.labels).filter(([l]) => key(l))));
      return [{ name: "", refId: frames[0]?.refId, fields: [column("label", "string", rows.map(([l]) => l)), column("value", "string", rows.map(([, v]) => v))] }];
    }
    return frames.map((frame) => {
      const count = rowCount(frame);
      const labels = Object.assign({}, ...frame.fields.map((field) => field.labels));
      const fields = frame.fields.map((field) => {
        const name = valueLabel && field.labels[valueLabel] ? field.labels[valueLabel] : field.name;
        return { ...field, name, labels: {}, config: {}, displayName: name };
      });
      const added = Object.entries(labels).filter(([l]) => key(l) && l !== valueLabel).map(([l, v]) => column(l, "string", Array(count).fill(v)));
      const time = fields.filter((field) => field.type === "time");
      return { ...frame, fields: [...time, ...added, ...fields.filter((field) => field.type !== "time")] };
    });
  },
  joinByField(frames, { byField, mode = "outer" }) {
    const keyOf = (frame) => (byField ? frame.fields.find((field) => shownName(field) === byField || field.name === byField) : timeField(frame));
    const joined = frames.filter(keyOf);
    if (joined.length < 1) return frames;
    const keys = [...new Set(joined.flatMap((frame) => keyOf(frame).values))]
      .filter((value) => mode !== "inner" || joined.every((frame) => keyOf(frame).values.includes(value)))
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const first = keyOf(joined[0]);
    const columns = joined.flatMap((frame) => {
      const place = new Map(keyOf(frame).values.map((value, index) => [value, index]));
      return frame.fields.filter((field) => field !== keyOf(frame)).map((field) => ({
        ...field, values: keys.map((value) => (place.has(value) ? field.values[place.get(value)] : null)),
      }));
    });
    return [{ name: joined[0].name, refId: joined[0].refId, fields: [{ ...first, values: keys }, ...columns] }];
  },
  sortBy(frames, { sort = [] }) {
    const [{ field: name, desc } = {}] = sort;
    return frames.map((frame) => {
      const field = frame.fields.find((one) => shownName(one) === name || one.name === name);
      if (!field) return frame;
      const order = [...field.values.keys()].sort((a, b) => compare(field.values[a], field.values[b]) * (desc ? -1 : 1));
      return pick(frame, order);
    });
  },
  limit(frames, { limitField = 10 }) {
    const count = Number(limitField);
    return frames.map((frame) => pick(frame, [...Array(Math.min(count, rowCount(frame))).keys()]));
  },
  groupBy(frames, { fields: plan = {} }) {
    return frames.map((frame) => {
      const keys = frame.fields.filter((field) => plan[shownName(field)]?.operation === "groupby");
      if (keys.length === 0) return frame;
      const groups = new Map();
      for (let row = 0; row < rowCount(frame); row += 1) {
        const key = JSON.stringify(keys.map((field) => field.values[row]));
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(row);
      }
      const rows = [...groups.values()];
      const calculated = frame.fields.flatMap((field) => {
        const { operation, aggregations = [] } = plan[shownName(field)] ?? {};
        if (operation !== "aggregate") return [];
        return aggregations.map((name) => column(`${shownName(field)} (${name})`, "number", rows.map((list) => calculate(name, list.map((row) => field.values[row])))));
      });
      return { ...frame, fields: [...keys.map((field) => ({ ...field, values: rows.map((list) => field.values[list[0]]) })), ...calculated] };
    });
  },
  groupingToMatrix(frames, { columnField = "Time", rowField = "Time", valueField = "Value", emptyValue }) {
    const frame = frames[0];
    const find = (name) => frame?.fields.find((field) => shownName(field) === name || field.name === name);
    const [columns, rows, values] = [find(columnField), find(rowField), find(valueField)];
    if (!columns || !rows || !values) return frames;
    const [columnKeys, rowKeys] = [[...new Set(columns.values)], [...new Set(rows.values)]];
    const cells = new Map(values.values.map((value, at) => [JSON.stringify([rows.values[at], columns.values[at]]), value]));
    const empty = { zero: 0, empty: "", true: true, false: false }[emptyValue] ?? null;
    return [{ ...frame, fields: [{ ...rows, ...column(`${rowField}\\${columnField}`, rows.type, rowKeys) },
      ...columnKeys.map((key) => column(String(key), values.type, rowKeys.map((row) => cells.get(JSON.stringify([row, key])) ?? empty)))] }];
  },
  seriesToRows(frames) {
    const rows = frames.flatMap((frame) => {
      const time = timeField(frame);
      const values = frame.fields.find((field) => field.type === "number");
      return time && values ? values.values.map((value, index) => [time.values[index], shownName(values), value]) : [];
    }).sort((a, b) => b[0] - a[0]);
    return [{ name: "", refId: frames[0]?.refId, fields: [column("Time", "time", rows.map((r) => r[0])), column("Metric", "string", rows.map((r) => r[1])), column("Value", "number", rows.map((r) => r[2]))] }];
  },
};
steps.seriesToColumns = steps.joinByField;
steps.filterFields = steps.filterFieldsByName;

export function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
