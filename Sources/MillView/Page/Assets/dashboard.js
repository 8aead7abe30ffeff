// A dashboard: its grid of panels, its time range, its refreshing.

import { ask, fill, h } from "./dom.js";
import { makePanel } from "./panel.js";
import { rangePicker, refreshPicker, variablePickers } from "./picker.js";
import { setTimezone, spanMs } from "./time.js";

const refreshIntervals = ["1s", "5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h"];

export async function showDashboard(uid, main, tools) {
  const { dashboard, meta } = await ask(`/api/dashboards/uid/${encodeURIComponent(uid)}`);
  document.title = `${dashboard.title} - Millrace`;
  setTimezone(dashboard.timezone);
  const address = new URLSearchParams(location.search);
  let from = address.get("from") ?? dashboard.time?.from ?? "now-6h";
  let to = address.get("to") ?? dashboard.time?.to ?? "now";
  let interval = address.get("refresh") ?? (typeof dashboard.refresh === "string" ? dashboard.refresh : "");
  let variables = [], timer;

  const host = {
    uid, range: () => ({ from, to }),
    variables: () => Object.fromEntries(variables.map((variable) => [variable.name, variable.current])),
    expand(text) {
      return text.replace(/\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\]/g, (whole, a, b, c) => {
        const variable = variables.find((one) => one.name === (a ?? b ?? c));
        return variable ? variable.current.map((value) => (value === "$__all" ? "All" : variable.options.find((one) => one.value === value)?.text ?? value)).join(" + ") : whole;
      });
    },
  };

  const range = rangePicker((nextFrom, nextTo) => { [from, to] = [nextFrom, nextTo]; remember(); refresh(); });
  const refreshing = refreshPicker(dashboard.timepicker?.refresh_intervals ?? refreshIntervals, (text) => { interval = text; remember(); schedule(); refresh(); }, () => refresh());
  fill(tools, range.element, refreshing.element);
  const variableBar = h("div", { class: "variables" });
  const grid = h("div", { class: "grid" });
  const problem = h("p", { class: "banner error", hidden: !meta.problem, role: "alert" }, meta.problem ? `The file's present text can't be shown: ${meta.problem}` : "");
  fill(main, h("div", { class: "title-row" }, h("h1", {}, dashboard.title), variableBar), problem, grid);

  const sections = sectionsOf(dashboard.panels ?? []);
  const panels = [];
  for (const section of sections) {
    if (section.row) {
      section.button = h("button", { type: "button", class: "row-title", "aria-expanded": String(!section.isCollapsed), onclick: () => {
        section.isCollapsed = !section.isCollapsed;
        section.button.setAttribute("aria-expanded", String(!section.isCollapsed));
        lay();
        for (const item of section.made) if (!section.isCollapsed) item.refresh();
      } }, h("span", { class: "caret", "aria-hidden": "true" }, "▾"), host.expand(section.row.title ?? ""), h("small", {}, `${section.panels.length} panel${section.panels.length === 1 ? "" : "s"}`));
      grid.append(section.button);
    }
    section.made = section.panels.map((panel) => makePanel(panel, host));
    panels.push(...section.made);
    grid.append(...section.made.map(({ element }) => element));
  }
  if (panels.length === 0) grid.append(h("p", { class: "hint" }, "This dashboard has no panels."));
  lay();

  /** Places panels on the grid; a collapsed row takes its panels out and lets the rest move up. */
  function lay() {
    let cursor = 1;
    for (const section of sections) {
      if (section.button) { section.button.style.gridRow = `${cursor} / span 1`; cursor += 1; }
      let bottom = cursor;
      for (const { element, panel } of section.made) {
        const { x = 0, y = 0, w = 24, h: height = 8 } = panel.gridPos ?? {};
        element.hidden = section.isCollapsed;
        const line = cursor + Math.max(0, y - section.top);
        element.style.gridColumn = `${Math.min(x, 23) + 1} / span ${Math.max(1, Math.min(w || 24, 24 - x))}`;
        element.style.gridRow = `${line} / span ${Math.max(1, height)}`;
        element.style.setProperty("--rows", Math.max(1, height));
        if (!section.isCollapsed) bottom = Math.max(bottom, line + height);
      }
      cursor = bottom;
    }
  }

  function remember() {
    const next = new URLSearchParams();
    next.set("from", from);
    next.set("to", to);
    if (interval) next.set("refresh", interval);
    for (const variable of variables) for (const value of variable.current) next.append(`var-${variable.name}`, value);
    history.replaceState(null, "", `${location.pathname}?${next}`);
  }

  async function loadVariables() {
    if (!dashboard.templating?.list?.length) return;
    const query = new URLSearchParams({ from, to });
    for (const [name, value] of new URLSearchParams(location.search)) if (name.startsWith("var-")) query.append(name, value);
    variables = await ask(`/api/dashboards/uid/${encodeURIComponent(uid)}/variables?${query}`);
    fill(variableBar, variablePickers(variables, async (name, values) => {
      variables.find((variable) => variable.name === name).current = values;
      remember();
      await loadVariables();
      refresh();
    }));
  }

  async function refresh() {
    range.show(from, to);
    refreshing.show(interval);
    await Promise.allSettled(panels.map((panel) => panel.refresh()));
  }

  let isStopped = false;
  function schedule() {
    clearTimeout(timer);
    const every = spanMs(interval);
    if (!every || isStopped) return;
    timer = setTimeout(async () => {
      // A hidden tab asks nothing; it catches up when it is looked at.
      if (!document.hidden) await refresh();
      schedule();
    }, Math.max(1000, every));
  }

  const onVisible = () => { if (!document.hidden) refresh(); };
  document.addEventListener("visibilitychange", onVisible);
  await loadVariables().catch((error) => { problem.hidden = false; problem.textContent = `Variables: ${error.message}`; });
  await refresh();
  schedule();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisible);
    for (const panel of panels) panel.destroy();
    fill(tools);
  };
}

/** Panels above the first row, then each row with its own. */
function sectionsOf(all) {
  const ordered = [...all].sort((a, b) => (a.gridPos?.y ?? 0) - (b.gridPos?.y ?? 0) || (a.gridPos?.x ?? 0) - (b.gridPos?.x ?? 0));
  const sections = [{ row: null, panels: [], isCollapsed: false }];
  for (const panel of ordered) {
    if (panel.type === "row") sections.push({ row: panel, panels: [...(panel.panels ?? [])], isCollapsed: panel.collapsed === true });
    else sections.at(-1).panels.push(panel);
  }
  for (const section of sections) section.top = Math.min(...section.panels.map((panel) => panel.gridPos?.y ?? 0), Infinity);
  return sections.filter((section) => section.row || section.panels.length);
}
