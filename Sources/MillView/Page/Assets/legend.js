// A legend below or beside a chart: a list or a table with calculations. A click shows only one series.

import { calculate, calculationTitle } from "./frames.js";
import { display } from "./fields.js";
import { h, fill } from "./dom.js";

/** Puts the plot and the legend into the panel's body. `redraw` is called when the choice changes. */
export function makeLegend(body, plot, redraw) {
  const list = h("div", { class: "legend" });
  body.append(h("div", { class: "chart" }, plot, list));
  const frame = body.lastElementChild;
  const hidden = new Set();
  let entries = [];
  let shape = "";

  function click(name, event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      if (!hidden.delete(name)) hidden.add(name);
    } else {
      const others = entries.map((entry) => entry.name).filter((other) => other !== name);
      const isAlone = !hidden.has(name) && others.every((other) => hidden.has(other)) && others.length > 0;
      hidden.clear();
      if (!isAlone) for (const other of others) hidden.add(other);
    }
    shape = "";
    redraw();
  }

  function update(next, options = {}) {
    entries = next.filter(({ field }) => !(field?.config.custom?.hideFrom?.legend));
    const isOff = options.showLegend === false || options.displayMode === "hidden" || entries.length === 0;
    frame.classList.toggle("beside", options.placement === "right" && !isOff);
    list.hidden = isOff;
    if (isOff) { list.replaceChildren(); shape = ""; return; }
    const calcs = options.calcs ?? [];
    const rows = entries.map(({ name, tint, field }) => ({
      name, tint, values: calcs.map((calc) => (field ? display(field, calculate(calc, field.values)).text : "")),
    }));
    // Rebuilt only when something that is seen changed: the focus stays where it was.
    const wanted = JSON.stringify([rows, options.displayMode, [...hidden]]);
    if (wanted === shape) return;
    shape = wanted;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    fill(list, options.displayMode === "table" ? table(rows, calcs) : rows.map((row) => entry(row, calcs)));
    if (focused) list.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  }

  function button(row, ...more) {
    return h("button", { type: "button", class: hidden.has(row.name) ? "series off" : "series", "data-name": row.name,
      title: "Show only this one; with Ctrl: switch it on or off", "aria-pressed": String(!hidden.has(row.name)), onclick: (event) => click(row.name, event) },
      h("i", { style: { background: row.tint } }), h("span", {}, row.name), more);
  }

  function entry(row, calcs) {
    return button(row, row.values.map((value, index) => h("small", {}, `${calculationTitle(calcs[index])}: `, h("b", {}, value))));
  }

  function table(rows, calcs) {
    return h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Name"), calcs.map((calc) => h("th", { class: "right" }, calculationTitle(calc))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("td", {}, button(row)), row.values.map((value) => h("td", { class: "right" }, value))))));
  }

  return { update, isHidden: (name) => hidden.has(name) };
}
