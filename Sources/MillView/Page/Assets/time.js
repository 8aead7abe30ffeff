// Moments, spans, and ticks of a time axis. The axis itself is a plain number axis in milliseconds.

const pad = (value, width = 2) => String(value).padStart(width, "0");

let utc = false;
/** "utc" shows UTC; everything else the browser's zone. */
export function setTimezone(name) { utc = name === "utc" || name === "UTC"; }
/** Minutes that the shown time is ahead of UTC. */
export function zoneOffset() { return utc ? 0 : -new Date().getTimezoneOffset(); }

/** The parts of a moment in the shown zone. */
function parts(ms) {
  const date = new Date(ms);
  return utc
    ? { y: date.getUTCFullYear(), mo: date.getUTCMonth(), d: date.getUTCDate(), h: date.getUTCHours(), mi: date.getUTCMinutes(), s: date.getUTCSeconds(), ms: date.getUTCMilliseconds() }
    : { y: date.getFullYear(), mo: date.getMonth(), d: date.getDate(), h: date.getHours(), mi: date.getMinutes(), s: date.getSeconds(), ms: date.getMilliseconds() };
}

function moment(y, mo, d = 1) { return utc ? Date.UTC(y, mo, d) : new Date(y, mo, d).getTime(); }

export function isoTime(ms, withoutToday = false) {
  if (!Number.isFinite(ms)) return "";
  const p = parts(ms);
  const day = `${p.y}-${pad(p.mo + 1)}-${pad(p.d)}`;
  const clock = `${pad(p.h)}:${pad(p.mi)}:${pad(p.s)}`;
  const now = parts(Date.now());
  return withoutToday && now.y === p.y && now.mo === p.mo && now.d === p.d ? clock : `${day} ${clock}`;
}

export function localTime(ms) { return new Date(ms).toLocaleString(undefined, utc ? { timeZone: "UTC" } : {}); }

/** "a few seconds ago", "in 5 minutes". */
export function fromNow(ms, now = Date.now()) {
  if (!Number.isFinite(ms)) return "";
  const seconds = Math.abs(now - ms) / 1000;
  const steps = [[3, "a moment"], [60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [2592000, "day", 86400],
    [31536000, "month", 2592000], [Infinity, "year", 31536000]];
  const [, word, size] = steps.find(([limit]) => seconds < limit);
  if (!size) return "just now";
  const count = Math.max(1, Math.round(seconds / size));
  const text = `${count} ${word}${count === 1 ? "" : "s"}`;
  return now >= ms ? `${text} ago` : `in ${text}`;
}

/** "3h 12m" */
export function spanText(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const list = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]].map(([size, unit], index, all) => {
    const above = index === 0 ? Infinity : all[index - 1][0];
    return [Math.floor((seconds % above) / size), unit];
  });
  const used = list.filter(([count]) => count > 0).slice(0, 2);
  return used.length === 0 ? "0s" : used.map(([count, unit]) => count + unit).join(" ");
}

const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second,
  minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour,
  day, 2 * day, 7 * day];

/** Moments between from and to that make good ticks, at most `count`. */
export function timeTicks(from, to, count) {
  const wanted = (to - from) / Math.max(1, count);
  const step = steps.find((size) => size >= wanted);
  const ticks = [];
  if (step) {
    const offset = zoneOffset() * minute;
    for (let t = Math.ceil((from + offset) / step) * step - offset; t <= to; t += step) ticks.push(t);
    return ticks;
  }
  const months = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find((size) => size * 30.4 * day >= wanted) ?? 1200;
  const start = parts(from);
  const first = Math.ceil((start.y * 12 + start.mo) / months) * months;
  for (let index = first; ; index += months) {
    const t = moment(Math.floor(index / 12), index % 12);
    if (t > to) break;
    if (t >= from) ticks.push(t);
  }
  return ticks;
}

/** A tick's label: as much of the moment as the step needs. */
export function tickText(ms, step) {
  const p = parts(ms);
  if (step >= 360 * day) return String(p.y);
  if (step >= 28 * day) return `${p.y}-${pad(p.mo + 1)}`;
  if (step >= day) return `${pad(p.mo + 1)}-${pad(p.d)}`;
  if (p.h === 0 && p.mi === 0 && p.s === 0 && step >= minute) return `${pad(p.mo + 1)}-${pad(p.d)}`;
  if (step >= minute) return `${pad(p.h)}:${pad(p.mi)}`;
  if (step >= second) return `${pad(p.h)}:${pad(p.mi)}:${pad(p.s)}`;
  return `${pad(p.s)}.${pad(p.ms, 3)}`;
}

/** The moment for a tooltip: with milliseconds only when it has some. */
export function momentText(ms, range) {
  const p = parts(ms);
  if (range > 2 * 360 * day && p.h === 0 && p.mi === 0) return `${p.y}-${pad(p.mo + 1)}-${pad(p.d)}`;
  return isoTime(ms) + (range < 10 * minute && p.ms ? `.${pad(p.ms, 3)}` : "");
}

export const quickRanges = [
  ["now-5m", "Last 5 minutes"], ["now-15m", "Last 15 minutes"], ["now-30m", "Last 30 minutes"], ["now-1h", "Last 1 hour"],
  ["now-3h", "Last 3 hours"], ["now-6h", "Last 6 hours"], ["now-12h", "Last 12 hours"], ["now-24h", "Last 24 hours"],
  ["now-2d", "Last 2 days"], ["now-7d", "Last 7 days"], ["now-30d", "Last 30 days"], ["now-90d", "Last 90 days"],
  ["now-1y", "Last 1 year"], ["now-5y", "Last 5 years"], ["now-15y", "Last 15 years"],
];

/** "Last 15 minutes", or the two texts. */
export function rangeText(from, to) {
  const quick = quickRanges.find(([text]) => text === from);
  if (quick && to === "now") return quick[1];
  const relative = /^now-(\d+)([smhdwMy])$/.exec(from);
  const words = { s: "second", m: "minute", h: "hour", d: "day", w: "week", M: "month", y: "year" };
  if (relative && to === "now") return `Last ${relative[1]} ${words[relative[2]]}${relative[1] === "1" ? "" : "s"}`;
  if (from === "now/d" && (to === "now/d" || to === "now")) return to === "now" ? "Today so far" : "Today";
  const text = (value) => (/^\d+$/.test(value) ? isoTime(Number(value)) : value);
  return `${text(from)} to ${text(to)}`;
}

/** "5s" in milliseconds; 0 for nothing. */
export function spanMs(text) {
  const found = /^(\d+)(ms|s|m|h|d)$/.exec(text ?? "");
  return found ? Number(found[1]) * { ms: 1, s: second, m: minute, h: hour, d: day }[found[2]] : 0;
}
