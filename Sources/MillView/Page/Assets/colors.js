// Grafana's colour names, its classic palette, and the colour modes of a field.

const hues = {
  green: ["#37872d", "#56a64b", "#73bf69", "#96d98d", "#c8f2c2"],
  yellow: ["#e0b400", "#f2cc0c", "#fade2a", "#ffee52", "#fff899"],
  red: ["#c4162a", "#e02f44", "#f2495c", "#ff7383", "#ffa6b0"],
  blue: ["#1f60c4", "#3274d9", "#5794f2", "#8ab8ff", "#c0d8ff"],
  orange: ["#fa6400", "#ff780a", "#ff9830", "#ffb357", "#ffcb7d"],
  purple: ["#8f3bb8", "#a352cc", "#b877d9", "#ca95e5", "#deb6f2"],
};
const shades = ["dark-", "semi-dark-", "", "light-", "super-light-"];
const named = { transparent: "rgba(0,0,0,0)", panel: "var(--panel)" };
for (const [hue, values] of Object.entries(hues)) {
  values.forEach((value, index) => { named[shades[index] + hue] = value; });
}

const palette = [
  "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a",
  "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62", "#584477", "#b7dbab", "#f4d598", "#70dbed", "#f9ba8f",
  "#f29191", "#82b5d8", "#e5a8e2", "#aea2e0", "#629e51", "#e5ac0e", "#64b0c8", "#e0752d", "#bf1b00", "#0a50a1",
];

const gradients = {
  "continuous-GrYlRd": ["#73bf69", "#f2cc0c", "#f2495c"], "continuous-RdYlGr": ["#f2495c", "#f2cc0c", "#73bf69"],
  "continuous-BlYlRd": ["#5794f2", "#f2cc0c", "#f2495c"], "continuous-YlRd": ["#f2cc0c", "#f2495c"],
  "continuous-BlPu": ["#5794f2", "#b877d9"], "continuous-YlBl": ["#f2cc0c", "#5794f2"],
  "continuous-blues": ["#c0d8ff", "#1f60c4"], "continuous-reds": ["#ffa6b0", "#c4162a"],
  "continuous-greens": ["#c8f2c2", "#37872d"], "continuous-purples": ["#deb6f2", "#8f3bb8"],
};

/** A colour name or any CSS colour as a CSS colour. "text" is the page's text colour. */
export function color(name) {
  if (!name) return "#808080";
  if (name === "text") return getComputedStyle(document.documentElement).getPropertyValue("--text").trim();
  return named[name] ?? name;
}

export function paletteColor(index) { return palette[index % palette.length]; }

/** "#rrggbb" or rgb()/rgba() with another opacity, 0…1. */
export function alpha(value, opacity) {
  const [r, g, b] = rgb(value);
  return `rgba(${r},${g},${b},${opacity})`;
}

const canvas = document.createElement("canvas").getContext("2d");

function rgb(value) {
  // The canvas turns every CSS colour into #rrggbb or rgba(…).
  canvas.fillStyle = "#808080";
  canvas.fillStyle = value;
  const text = canvas.fillStyle;
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return text.match(/[\d.]+/g).slice(0, 3).map(Number);
}

/** The colour as text on the page: on a light page bright colours are darkened. */
export function ink(value) {
  if (!matchMedia("(prefers-color-scheme: light)").matches) return value;
  const parts = rgb(value);
  const light = luminance(parts);
  const keep = light > 0.22 ? Math.sqrt(0.22 / light) ** 0.9 : 1;
  return `rgb(${parts.map((part) => Math.round(part * keep)).join(",")})`;
}

function luminance(parts) {
  const [r, g, b] = parts.map((part) => (part / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever is read better on the colour. */
export function textOn(value) {
  return luminance(rgb(value)) > 0.35 ? "#111" : "#fff";
}

/** The threshold that a value has passed: {value, color}. Percent thresholds are of the span from min to max. */
export function threshold(config, value) {
  const steps = config.thresholds?.steps ?? [{ value: null, color: "green" }, { value: 80, color: "red" }];
  let position = value;
  if (config.thresholds?.mode === "percentage") {
    const low = config.min ?? 0;
    position = ((value - low) / ((config.max ?? 100) - low)) * 100;
  }
  let passed = steps[0];
  for (const step of steps) if (step.value === null || step.value === undefined || position >= step.value) passed = step;
  return passed ?? { value: null, color: "green" };
}

/** The colour of a value, after the field's colour mode. `index` is the field's place among all series. */
export function fieldColor(config, value, index) {
  const mode = config.color?.mode ?? "palette-classic";
  if (mode === "fixed") return color(config.color.fixedColor ?? "green");
  if (mode === "shades") return color(config.color?.fixedColor ?? "green");
  if (mode === "thresholds") return color(threshold(config, value ?? Number.NaN).color);
  if (gradients[mode]) {
    const low = config.min ?? 0;
    const share = Math.min(1, Math.max(0, ((value ?? low) - low) / ((config.max ?? 100) - low || 1)));
    return blend(gradients[mode], share);
  }
  return paletteColor(index);
}

function blend(stops, share) {
  const at = share * (stops.length - 1);
  const first = Math.min(Math.floor(at), stops.length - 2);
  const [a, b] = [rgb(stops[first]), rgb(stops[first + 1])];
  const mixed = a.map((part, index) => Math.round(part + (b[index] - part) * (at - first)));
  return `rgb(${mixed.join(",")})`;
}
