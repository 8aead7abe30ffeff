// Alert rules, their instances, and what was sent.

import { ask, fill, h } from "./dom.js";
import { fixed } from "./format.js";
import { fromNow, isoTime, spanText } from "./time.js";

const badges = { firing: "error", alerting: "error", normal: "ok", noData: "warning", pending: "warning", recovering: "warning", error: "error", inactive: "ok" };

export async function showAlerts(main, tools) {
  document.title = "Alerts - Millrace";
  const list = h("div", {});
  const problem = h("p", { class: "banner error", hidden: true, role: "alert" });
  fill(main, h("div", { class: "title-row" }, h("h1", {}, "Alerts")), problem, list);
  fill(tools, h("span", { class: "live" }, h("i"), "live"));
  let timer, isStopped = false;

  async function refresh() {
    try {
      draw(await ask("/api/alerts"));
      problem.hidden = true;
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
    if (!isStopped) timer = setTimeout(refresh, 2000);
  }

  function draw({ rules, contactPoints, notifications = [], now }) {
    fill(list, rules.length ? rules.map((rule) => ruleCard(rule, now)) : h("p", { class: "hint" }, "No alert rules are configured. Name a Grafana alerting file in pipeline.yaml."),
      contactPoints.length ? h("section", { class: "letters" }, h("h2", {}, "Contact points"), h("div", { class: "table-box" }, h("table", { class: "cells" },
        h("thead", {}, h("tr", {}, ["Name", "Type", "State", "Sent", "Failed"].map((name) => h("th", { class: "left" }, name)))),
        h("tbody", {}, contactPoints.map((point) => h("tr", {}, h("td", {}, point.name), h("td", {}, point.type), h("td", { class: "wrap" }, point.state), h("td", {}, point.sent), h("td", {}, point.failed))))))) : null,
      notifications.length ? h("section", { class: "letters" }, h("h2", {}, "Notifications"), h("ul", { class: "sent" }, notifications.map((one) =>
        h("li", {}, h("span", { class: `badge ${one.status === "firing" ? "error" : "ok"}` }, one.status), " ", one.title, h("small", { title: isoTime(one.at) }, ` ${fromNow(one.at, now)}, ${one.outcome}`))))) : null);
  }

  await refresh();
  return () => { isStopped = true; clearTimeout(timer); };
}

function ruleCard(rule, now) {
  return h("article", { class: `rule ${badges[rule.state] ?? ""}` },
    h("header", {}, h("span", { class: `badge ${badges[rule.state] ?? ""}` }, rule.state), h("h2", {}, rule.title), h("small", {}, `${rule.folder} / ${rule.group}, every ${spanText(rule.intervalMs)}, for ${spanText(rule.forMs)}${rule.isPaused ? ", paused" : ""}`)),
    rule.summary ? h("p", {}, rule.summary) : null,
    rule.lastError ? h("p", { class: "room-error" }, rule.lastError) : null,
    rule.lastEvaluation ? h("p", { class: "hint" }, `looked at ${fromNow(rule.lastEvaluation, now)}`) : h("p", { class: "hint" }, "not looked at yet"),
    rule.instances.length ? h("div", { class: "table-box" }, h("table", { class: "cells" }, h("thead", {}, h("tr", {}, ["State", "Labels", "Values", "Since"].map((name) => h("th", { class: "left" }, name)))),
      h("tbody", {}, rule.instances.map((one) => h("tr", {}, h("td", {}, h("span", { class: `badge ${badges[one.state] ?? ""}` }, one.state + (one.reason ? ` (${one.reason})` : ""))),
        h("td", { class: "wrap" }, Object.entries(one.labels).map(([key, value]) => h("span", { class: "tag" }, `${key}=${value}`))),
        h("td", {}, Object.entries(one.values).map(([key, value]) => `${key}=${typeof value === "number" ? fixed(value) : "–"}`).join("  ")),
        h("td", { title: isoTime(one.since) }, fromNow(one.since, now))))))) : null);
}
