// A field's configuration (defaults and overrides), its name, and its values as text and colour.

import { fieldColor, color } from "./colors.js";
import { formatNumber } from "./format.js";

/** Gives every field of the frames its merged `config`, its `displayName` and its place `seriesIndex`. */
export function applyFieldConfig(frames, fieldConfig = {}) {
  let index = 0;
  const valueFrames = frames.filter((frame) => frame.fields.some((field) => field.type !== "time")).length;
  for (const frame of frames) {
    for (const field of frame.fields) {
      const named = { ...field, displayName: nameOf(field, frame, fieldConfig.defaults ?? {}, valueFrames) };
      const merged = mergedConfig(fieldConfig, named, frame);
      field.displayName = nameOf(field, frame, merged, valueFrames);
      // For charts that split one column into several: the overrides of the new names count as well.
      field.configFor = (name) => mergedConfig(fieldConfig, { ...named, displayName: name }, frame);
      field.config = merged;
      field.seriesIndex = field.type === "number" ? index++ : 0;
      if (needsRange(merged)) Object.assign(merged, withRange(field, [field]));
    }
  }
  return frames;
}

/** Colours along a scale, and percent thresholds, need to know where it ends. */
function needsRange(config) { return config.color?.mode?.startsWith("continuous") || config.thresholds?.mode === "percentage"; }

/** Defaults, then every override that matches. */
function mergedConfig(fieldConfig, field, frame) {
  const merged = structuredClone(fieldConfig.defaults ?? {});
  merged.custom ??= {};
  for (const { matcher, properties } of fieldConfig.overrides ?? []) {
    if (matches(matcher, field, frame)) for (const { id, value } of properties ?? []) set(merged, id, value);
  }
  merged.displayNameFromDS = field.config.displayNameFromDS;
  return merged;
}

function set(config, id, value) {
  const path = id.split(".");
  let place = config;
  for (const part of path.slice(0, -1)) place = (place[part] ??= {});
  place[path.at(-1)] = value;
}

/** "/x/i" as a RegExp; other text must match as a whole. */
export function toRegExp(text) {
  const found = /^\/(.*)\/([a-z]*)$/s.exec(text ?? "");
  try {
    return found ? new RegExp(found[1], found[2]) : new RegExp(`^${text}$`);
  } catch {
    return /(?!)/;
  }
}

export function matches(matcher, field, frame) {
  const options = matcher?.options;
  switch (matcher?.id) {
    case "byName": return field.displayName === options || field.name === options;
    case "byNames": {
      const inside = (options?.names ?? []).some((name) => name === field.displayName || name === field.name);
      return options?.mode === "exclude" ? !inside : inside;
    }
    case "byRegexp": return toRegExp(options).test(field.displayName);
    case "byType": return field.type === options;
    case "byFrameRefID": return frame.refId === options;
    case "byValue": return false;
    case "numeric": return field.type === "number";
    case "time": return field.type === "time";
    default: return false;
  }
}

function nameOf(field, frame, config, valueFrames) {
  const labels = field.labels ?? {};
  if (config.displayName) {
    return config.displayName.replace(/\$\{__([\w.]+)(?:\["?([^"\]]+)"?\])?\}/g, (whole, path, key) => {
      if (path === "field.labels" || path === "series.labels") return labels[key] ?? "";
      const label = /^(?:field|series)\.labels\.(.+)$/.exec(path);
      if (label) return labels[label[1]] ?? "";
      if (path === "field.name") return field.name;
      if (path === "series.name" || path === "field.displayName") return field.config.displayNameFromDS ?? frame.name ?? field.name;
      return whole;
    });
  }
  if (field.type === "time") return field.config.displayNameFromDS ?? field.name;
  if (field.config.displayNameFromDS) return field.config.displayNameFromDS;
  if (field.name !== "Value") return field.name;
  const list = Object.entries(labels);
  if (list.length === 1 && valueFrames > 1) return list[0][1];
  return list.length ? `${frame.name || field.name} {${list.map(([k, v]) => `${k}="${v}"`).join(", ")}}` : frame.name || field.name;
}

/** A value as it is shown: {text (all of it), prefix, number, suffix, color, isMissing}. */
export function display(field, value, calculation) {
  const config = field.config ?? {};
  const mapped = mapping(config.mappings, value);
  if (value === null || value === undefined || Number.isNaN(value)) {
    const text = mapped?.text ?? config.noValue ?? "";
    return { text, prefix: "", number: text, suffix: "", color: mapped?.color ? color(mapped.color) : color("text"), isMissing: !mapped };
  }
  const tint = mapped?.color ? color(mapped.color) : fieldColor(config, typeof value === "number" ? value : Number.NaN, field.seriesIndex ?? 0);
  if (mapped?.text !== undefined) return { text: mapped.text, prefix: "", number: mapped.text, suffix: "", color: tint };
  let shown;
  if (field.type === "time" && !calculation?.isCount) {
    const unit = config.unit?.startsWith("dateTime") || config.unit?.startsWith("time:") ? config.unit : "dateTimeAsIso";
    shown = formatNumber(Number(value), unit, config.decimals);
  } else if (typeof value === "number") {
    shown = formatNumber(value, config.unit, config.decimals);
  } else {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
    const isNumeric = config.unit && config.unit !== "string" && Number.isFinite(number);
    shown = isNumeric ? formatNumber(number, config.unit, config.decimals) : { prefix: "", text: String(value), suffix: "" };
  }
  const { prefix, text, suffix } = shown;
  return { text: prefix + text + suffix, prefix, number: text, suffix, color: tint };
}

function mapping(mappings, value) {
  for (const entry of mappings ?? []) {
    const options = entry.options ?? {};
    if (entry.type === "value" && value !== null && Object.hasOwn(options, String(value))) return options[String(value)];
    if (entry.type === "range" && typeof value === "number" && (options.from ?? -Infinity) <= value && value <= (options.to ?? Infinity)) return options.result;
    if (entry.type === "regex" && typeof value === "string" && toRegExp(options.pattern).test(value)) return options.result;
    if (entry.type === "special" && special(options.match, value)) return options.result;
  }
  return undefined;
}

function special(match, value) {
  switch (match) {
    case "null": return value === null || value === undefined;
    case "nan": return Number.isNaN(value);
    case "null+nan": return value === null || value === undefined || Number.isNaN(value);
    case "true": return value === true;
    case "false": return value === false;
    case "empty": return value === "";
    default: return false;
  }
}

/** The fields that a stat or gauge shows: "" = numbers, a pattern, else by name or regular expression. */
export function chosenFields(frames, reduceOptions = {}) {
  const wanted = reduceOptions.fields ?? "";
  const all = frames.flatMap((frame) => frame.fields.map((field) => ({ field, frame })));
  if (!wanted) return all.filter(({ field }) => field.type === "number");
  const pattern = toRegExp(wanted);
  return all.filter(({ field }) => field.displayName === wanted || field.name === wanted || pattern.test(field.displayName));
}

/** The smallest and largest number of the fields, where the configuration does not say. */
export function withRange(field, fields) {
  const numbers = fields.flatMap((one) => one.values.filter((value) => typeof value === "number"));
  let low = Infinity, high = -Infinity;
  for (const value of numbers) { low = Math.min(low, value); high = Math.max(high, value); }
  return { min: field.config.min ?? (Number.isFinite(low) ? low : 0), max: field.config.max ?? (Number.isFinite(high) ? high : 100) };
}
