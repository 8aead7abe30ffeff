// Which page an address means.

import { ask, fill, h } from "./dom.js";
import { showAlerts } from "./alerts.js";
import { showChain } from "./chain.js";
import { showDashboard } from "./dashboard.js";

const main = document.getElementById("main");
const tools = document.querySelector(".tools");
const places = document.querySelector(".places");
let leave;

async function go() {
  leave?.();
  leave = null;
  fill(tools);
  const [first, second] = location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const dashboards = await ask("/api/search").catch(() => []);
  const here = first === "d" ? "/" : `/${first ?? ""}`;
  fill(places, [["/", dashboards.length > 1 ? "Dashboards" : "Dashboard"], ["/chain", "Chain"], ["/alerts", "Alerts"]].map(([href, name]) =>
    h("a", { href, "aria-current": here === href ? "page" : null, class: `to-${name.toLowerCase()}` }, name)));
  watchAlerts();
  try {
    if (first === "d") leave = await showDashboard(second, main, tools);
    else if (first === "chain") leave = await showChain(main, tools);
    else if (first === "alerts" || first === "alerting") leave = await showAlerts(main, tools);
    else if (!first && dashboards.length === 1) leave = await showDashboard(dashboards[0].uid, main, tools);
    else list(dashboards);
  } catch (error) {
    fill(main, h("div", { class: "notice" }, h("h1", {}, "This page can't be shown"), h("p", {}, error.message), h("p", {}, h("a", { href: "/" }, "To the dashboards"))));
  }
}

function list(dashboards) {
  document.title = "Dashboards - Millrace";
  fill(main, h("div", { class: "title-row" }, h("h1", {}, "Dashboards")), dashboards.length
    ? h("ul", { class: "cards" }, dashboards.map((one) => h("li", {}, h("a", { class: "card", href: one.url }, h("b", {}, one.title),
      h("span", {}, `${one.panels} panel${one.panels === 1 ? "" : "s"}`), one.tags.map((tag) => h("small", { class: "tag" }, tag))))))
    : h("p", { class: "hint" }, "No dashboard is configured. Name a Grafana dashboard file in pipeline.yaml."));
}

let alertTimer;
/** The number of firing alerts beside the word "Alerts". */
async function watchAlerts() {
  clearTimeout(alertTimer);
  if (!document.hidden) {
    const { rules = [] } = await ask("/api/alerts").catch(() => ({}));
    const firing = rules.filter((rule) => rule.state === "firing").length;
    const link = places.querySelector(".to-alerts");
    if (link) fill(link, "Alerts", firing ? h("span", { class: "badge error", "aria-label": `${firing} firing` }, firing) : null);
  }
  alertTimer = setTimeout(watchAlerts, 5000);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.origin !== location.origin || link.target || link.hash) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  go();
});
addEventListener("popstate", go);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", go);
go();
