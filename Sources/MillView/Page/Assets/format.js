// Values as text in Grafana's units: {prefix, text, suffix}.

import { fromNow, isoTime, localTime } from "./time.js";

/** Digits after the point when the field does not say: three digits that mean something. */
function autoDecimals(value) {
  if (!Number.isFinite(value) || value % 1 === 0) return 0;
  return Math.min(Math.max(2 - Math.floor(Math.log10(Math.abs(value))), 0), 10);
}

export function fixed(value, decimals) {
  if (decimals !== null && decimals !== undefined) return value.toFixed(decimals);
  const text = value.toFixed(autoDecimals(value));
  // A trailing zero is kept only when the field asks for digits.
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(factor, units, start = 0) {
  return (value, decimals) => {
    let index = start;
    let size = value;
    while (Math.abs(size) >= factor && index < units.length - 1) { size /= factor; index += 1; }
    while (Math.abs(size) < 1 && size !== 0 && index > 0) { size *= factor; index -= 1; }
    // 999.96 would be shown as 1000.
    return { text: fixed(size, decimals), suffix: units[index] };
  };
}

const si = (unit, start = 2) => scaled(1000, ["n", "µ", "m", "", "k", "M", "G", "T", "P", "E"].map((p) => ` ${p}${unit}`), start);
const bytesIEC = (unit, start = 0) => scaled(1024, ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((p) => ` ${p}${unit}`), start);
const bytesSI = (unit, start = 0) => scaled(1000, ["", "k", "M", "G", "T", "P", "E"].map((p) => ` ${p}${unit}`), start);
const count = (suffix) => scaled(1000, ["", " K", " Mil", " Bil", " Tri", " Quadr"].map((p) => p + (suffix ? ` ${suffix}` : "")));
const rate = (suffix) => scaled(1000, ["", "K", "M", "B", "T"].map((p) => `${p} ${suffix}`));
const plain = (suffix) => (value, decimals) => ({ text: fixed(value, decimals), suffix });
const money = (symbol) => (value, decimals) => {
  const { text, suffix } = scaled(1000, ["", "K", "M", "B", "T"])(value, decimals);
  return { prefix: symbol, text, suffix };
};

/** Seconds in the largest unit that keeps the number above 1. */
function duration(toSeconds) {
  const steps = [[31536000, " years"], [604800, " weeks"], [86400, " days"], [3600, " hours"], [60, " mins"], [1, " s"],
    [1e-3, " ms"], [1e-6, " µs"], [1e-9, " ns"]];
  return (value, decimals) => {
    const seconds = value * toSeconds;
    if (seconds === 0) return { text: "0", suffix: toSeconds === 1 ? " s" : toSeconds === 1e-3 ? " ms" : "" };
    const [size, suffix] = steps.find(([size]) => Math.abs(seconds) >= size) ?? steps.at(-1);
    const text = fixed(seconds / size, decimals);
    return { text, suffix: text === "1" ? suffix.replace(/s$/, (s) => (suffix.length > 3 ? "" : s)) : suffix };
  };
}

function clock(value) {
  const total = Math.round(Math.abs(value));
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return { text: (value < 0 ? "-" : "") + parts.map((part) => String(part).padStart(2, "0")).join(":"), suffix: "" };
}

const units = {
  none: plain(""), short: count(""), string: (value) => ({ text: String(value), suffix: "" }),
  percent: plain("%"), percentunit: (value, decimals) => ({ text: fixed(value * 100, decimals), suffix: "%" }),
  locale: (value, decimals) => ({
    text: value.toLocaleString(undefined, decimals === null || decimals === undefined ? {}
      : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }), suffix: "",
  }),
  sishort: scaled(1000, ["", " K", " M", " G", " T", " P"]), sci: (value, decimals) => ({ text: value.toExponential(decimals ?? 2), suffix: "" }),
  hex: (value) => ({ text: Math.round(value).toString(16).toUpperCase(), suffix: "" }), humidity: plain(" %H"),
  ns: duration(1e-9), µs: duration(1e-6), ms: duration(1e-3), s: duration(1), m: duration(60), h: duration(3600),
  d: duration(86400), dtdurationms: duration(1e-3), dtdurations: duration(1), dthms: clock,
  bytes: bytesIEC("B"), decbytes: bytesSI("B"), bits: bytesIEC("b"), decbits: bytesSI("b"),
  kbytes: bytesIEC("B", 1), mbytes: bytesIEC("B", 2), gbytes: bytesIEC("B", 3), deckbytes: bytesSI("B", 1),
  decmbytes: bytesSI("B", 2), decgbytes: bytesSI("B", 3),
  Bps: bytesSI("B/s"), binBps: bytesIEC("B/s"), bps: bytesSI("b/s"), binbps: bytesIEC("b/s"), KBs: bytesSI("B/s", 1),
  MBs: bytesSI("B/s", 2), pps: rate("p/s"), cps: rate("c/s"), ops: rate("ops/s"), reqps: rate("req/s"),
  rps: rate("rd/s"), wps: rate("wr/s"), iops: rate("io/s"), eps: rate("evt/s"), mps: rate("msg/s"),
  cpm: rate("c/m"), opm: rate("ops/m"), reqpm: rate("req/m"), rpm: rate("rd/m"), wpm: rate("wr/m"),
  celsius: plain(" °C"), fahrenheit: plain(" °F"), kelvin: plain(" K"), watt: si("W", 3), volt: si("V", 3), amp: si("A", 3),
  hertz: si("Hz", 3), lengthm: si("m", 3), lengthkm: plain(" km"), massg: si("g", 3), masskg: plain(" kg"), rotrpm: plain(" rpm"),
  currencyUSD: money("$"), currencyEUR: money("€"), currencyGBP: money("£"), currencyJPY: money("¥"),
  dateTimeFromNow: (value) => ({ text: fromNow(value), suffix: "" }),
  dateTimeAsIso: (value) => ({ text: isoTime(value), suffix: "" }),
  dateTimeAsIsoNoDateIfToday: (value) => ({ text: isoTime(value, true), suffix: "" }),
  dateTimeAsUS: (value) => ({ text: new Date(value).toLocaleString("en-US"), suffix: "" }),
  dateTimeAsLocal: (value) => ({ text: localTime(value), suffix: "" }),
  dateTimeAsSystem: (value) => ({ text: isoTime(value), suffix: "" }),
};
units.dtdurations = units.s;
units.Bs = units.Bps;

/** A number in a unit. Units that nobody defined become a suffix, as in Grafana. */
export function formatNumber(value, unit, decimals) {
  const name = unit || "none";
  if (units[name]) return { prefix: "", ...units[name](value, decimals) };
  const colon = name.indexOf(":");
  const rest = name.slice(colon + 1);
  switch (colon < 0 ? "" : name.slice(0, colon)) {
    case "prefix": return { prefix: rest, text: fixed(value, decimals), suffix: "" };
    case "suffix": return { prefix: "", text: fixed(value, decimals), suffix: ` ${rest}` };
    case "count": return { prefix: "", ...count(rest)(value, decimals) };
    case "si": return { prefix: "", ...si(rest, 3)(value, decimals) };
    case "currency": return { ...money(rest)(value, decimals) };
    case "time": return { prefix: "", text: isoTime(value), suffix: "" };
    default: return { prefix: "", text: fixed(value, decimals), suffix: ` ${name}` };
  }
}

export function formatText(value, unit, decimals) {
  const { prefix, text, suffix } = formatNumber(value, unit, decimals);
  return prefix + text + suffix;
}

/** Units whose value is a moment: they change as time goes by. */
export function isMoment(unit) { return unit === "dateTimeFromNow"; }
