// Time range, refresh interval and variables, in the bar above a dashboard.

import { fill, h } from "./dom.js";
import { isoTime, quickRanges, rangeText } from "./time.js";

/** A button with a menu below it; it closes on Escape and on a click elsewhere. */
function menuButton(label, name, build) {
  const button = h("button", { type: "button", class: "tool", "aria-haspopup": "true", "aria-expanded": "false", title: name }, label);
  const menu = h("div", { class: "menu", hidden: true });
  const box = h("div", { class: "menu-box" }, button, menu);
  const close = (backToButton) => {
    if (menu.hidden) return;
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (backToButton) button.focus();
  };
  button.addEventListener("click", () => {
    if (!menu.hidden) { close(true); return; }
    fill(menu, build(() => close(true)));
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    menu.querySelector(".chosen, button, input")?.focus();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(true);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const list = [...menu.querySelectorAll("button")];
    const at = list.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (list.length) { list[(at + list.length) % list.length].focus(); event.preventDefault(); }
  });
  document.addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) close(false); });
  return { box, button };
}

const option = (text, isChosen, onclick) => h("button", { type: "button", class: isChosen ? "option chosen" : "option", "aria-current": isChosen ? "true" : null, onclick }, text);

/** `change(from, to)` is called with Grafana's texts. */
export function rangePicker(change) {
  let from = "now-6h", to = "now";
  const label = h("span", {});
  const { box, button } = menuButton([clockIcon(), label], "Time range", (close) => {
    const start = h("input", { type: "text", id: "range-from", value: shown(from), autocomplete: "off", spellcheck: "false" });
    const end = h("input", { type: "text", id: "range-to", value: shown(to), autocomplete: "off", spellcheck: "false" });
    const apply = () => { change(parsed(start.value), parsed(end.value)); close(); };
    const onkeydown = (event) => { if (event.key === "Enter") apply(); };
    for (const input of [start, end]) input.addEventListener("keydown", onkeydown);
    return [h("div", { class: "range-own" }, h("label", { for: "range-from" }, "From"), start, h("label", { for: "range-to" }, "To"), end,
      h("p", { class: "hint" }, "now-6h, now/d, or 2024-01-31 12:00:00"), h("button", { type: "button", class: "tool primary", onclick: apply }, "Apply")),
    h("div", { class: "range-quick" }, quickRanges.map(([text, name]) => option(name, from === text && to === "now", () => { change(text, "now"); close(); })))];
  });
  return { element: box, show(nextFrom, nextTo) {
    [from, to] = [nextFrom, nextTo];
    label.textContent = rangeText(from, to);
    button.title = `Time range: ${shown(from)} to ${shown(to)}`;
  } };
}

const shown = (text) => (/^\d{5,}$/.test(text) ? isoTime(Number(text)) : text);

/** A date in the shown zone becomes milliseconds; the rest is Grafana's own text. */
function parsed(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("now") || trimmed === "") return trimmed || "now";
  const time = Date.parse(trimmed.replace(" ", "T"));
  return Number.isNaN(time) ? trimmed : String(time);
}

/** `change(interval)` with "" for off. */
export function refreshPicker(intervals, change, now) {
  let current = "";
  const label = h("span", {}, "Off");
  const { box } = menuButton([label, h("span", { class: "caret", "aria-hidden": "true" }, "▾")], "Refresh interval", (close) =>
    ["", ...intervals].map((text) => option(text || "Off", text === current, () => { change(text); close(); })));
  const reload = h("button", { type: "button", class: "tool", title: "Refresh now", "aria-label": "Refresh now", onclick: now }, refreshIcon());
  return { element: h("div", { class: "joined" }, reload, box), show(text) { current = text; label.textContent = text || "Off"; } };
}

/** One menu per variable. `change(name, values)`. */
export function variablePickers(list, change) {
  return list.filter((variable) => variable.hide !== 2 && variable.type !== "constant").map((variable) => {
    const all = variable.includeAll ? [{ text: "All", value: "$__all" }] : [];
    const options = [...all, ...variable.options];
    const name = variable.hide === 1 ? null : h("label", {}, variable.label);
    if (variable.type === "textbox") {
      const input = h("input", { type: "text", value: variable.current[0] ?? "", "aria-label": variable.label, onchange: () => change(variable.name, [input.value]) });
      return h("div", { class: "variable" }, name, input);
    }
    const text = variable.current.map((value) => options.find((one) => one.value === value)?.text ?? value).join(" + ") || "None";
    const { box } = menuButton([h("span", {}, text), h("span", { class: "caret", "aria-hidden": "true" }, "▾")], variable.label, (close) => {
      const chosen = new Set(variable.current);
      const pick = (value) => {
        if (!variable.multi) { change(variable.name, [value]); close(); return; }
        if (value === "$__all" || chosen.has("$__all")) { chosen.clear(); chosen.add(value); } else if (!chosen.delete(value)) chosen.add(value);
        change(variable.name, chosen.size ? [...chosen] : [options[0]?.value]);
        close();
      };
      return options.length ? options.map((one) => option(one.text, chosen.has(one.value), () => pick(one.value))) : h("p", { class: "hint" }, variable.error ?? "No options");
    });
    return h("div", { class: "variable" }, name, box);
  });
}

const icon = (path) => h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" }, h("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round" }));
const clockIcon = () => icon("M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.4 1.6");
const refreshIcon = () => icon("M13.4 8a5.4 5.4 0 1 1-1.6-3.8M13.4 1.8v3h-3");
