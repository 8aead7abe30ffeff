// The chain itself: its rooms in the order of the flow, and what could not be processed.

import { ask, fill, h } from "./dom.js";
import { formatText } from "./format.js";
import { fromNow, isoTime, spanText } from "./time.js";

/** The rooms of a whole chain; the archive is a branch beside the query. */
const forked = "Collect,Agent,Log,Archive,Query,Store,View";
const words = { ok: "running", warning: "attention", error: "failing", off: "off" };

export async function showChain(main, tools) {
  document.title = "Chain - Millrace";
  const courses = new Map();
  const title = h("div", { class: "title-row" });
  const rooms = h("ol", { class: "flow" });
  const alerts = h("section", { class: "letters firing" });
  const letters = h("section", { class: "letters" });
  const problem = h("p", { class: "banner error", hidden: true, role: "alert" });
  const board = h("div", { class: "board" }, rooms, alerts, letters);
  fill(main, title, problem, board);
  fill(tools, h("span", { class: "live" }, h("i"), "live"));
  let timer, isStopped = false;

  async function refresh() {
    try {
      const [chain, { rules = [] }] = await Promise.all([ask("/api/chain"), ask("/api/alerts").catch(() => ({}))]);
      problem.hidden = true;
      draw(chain, rules);
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
    if (!isStopped) timer = setTimeout(refresh, 1000);
  }

  function draw(chain, rules) {
    const worst = ["error", "warning", "ok"].find((state) => chain.rooms.some((room) => room.state === state)) ?? "off";
    fill(title, h("h1", {}, chain.name), h("span", { class: `badge ${worst}` }, words[worst]),
      h("span", { class: "hint", title: isoTime(chain.startedAt) }, `up ${spanText(chain.now - chain.startedAt)}`));
    board.classList.toggle("forked", chain.rooms.map((room) => room.name).join() === forked);
    fill(rooms, chain.rooms.map((room, index) => roomCard(room, index < chain.rooms.length - 1)));
    const firing = rules.filter((rule) => rule.state !== "inactive");
    fill(alerts, h("h2", {}, "Alerts ", h("span", { class: firing.length ? "badge error" : "badge" }, firing.length)), firing.length ? null : h("p", { class: "hint" }, rules.length ? "None is firing." : "No alert rules are configured."), firing.map((rule) => h("a", { class: `banner ${rule.state === "firing" ? "error" : "warning"}`, href: "/alerts" }, h("b", {}, rule.title), ` ${rule.state}`, rule.summary ? `: ${rule.summary}` : "")));
    fill(letters, h("h2", {}, "Dead letters ", h("span", { class: chain.deadLetterCount ? "badge warning" : "badge" }, formatText(chain.deadLetterCount, "locale"))),
      chain.deadLetters.length
        ? h("div", { class: "table-box" }, h("table", { class: "cells" }, h("thead", {}, h("tr", {}, ["When", "Room", "Reason", "From"].map((name) => h("th", { class: "left" }, name)))),
          h("tbody", {}, chain.deadLetters.map((letter) => h("tr", {}, h("td", { title: isoTime(letter.at) }, fromNow(letter.at, chain.now)), h("td", {}, letter.room), h("td", { class: "wrap" }, letter.reason), h("td", {}, letter.origin))))))
        : h("p", { class: "hint" }, "Every record was processed."));
  }

  function roomCard(room, hasNext) {
    const course = courses.get(room.name) ?? [];
    if (room.recordsPerSecond !== null) course.push(room.recordsPerSecond);
    if (course.length > 60) course.shift();
    courses.set(room.name, course);
    return h("li", { class: `room ${room.state} room-${room.name.toLowerCase()}${hasNext ? " flows" : ""}` },
      h("header", {}, h("h2", {}, room.name), h("span", { class: `badge ${room.state}` }, words[room.state])),
      h("p", { class: "room-summary" }, room.summary || " "),
      h("div", { class: "room-rate" }, room.recordsPerSecond === null ? h("b", { class: "none" }, "–") : [h("b", {}, formatText(room.recordsPerSecond, "short")), h("span", {}, "rec/s")],
        room.bytesPerSecond === null ? null : h("span", { class: "bytes" }, formatText(room.bytesPerSecond, "Bps"))),
      spark(course),
      h("dl", {}, room.items.map((item) => [h("dt", { title: item.label }, item.label), h("dd", { class: item.state, title: item.text }, item.text ?? (item.value === null ? "–" : formatText(item.value, item.unit)))])),
      room.lastError ? h("p", { class: "room-error", title: isoTime(room.lastError.at) }, room.lastError.message, h("small", {}, ` ${fromNow(room.lastError.at)}`)) : null);
  }

  await refresh();
  return () => { isStopped = true; clearTimeout(timer); };
}

function spark(course) {
  const top = Math.max(...course, 1e-9);
  const points = course.map((value, index) => `${((60 - course.length + index) * 2).toFixed(1)},${(27 - (value / top) * 24).toFixed(1)}`);
  return h("svg", { class: "room-spark", viewBox: "0 0 118 28", preserveAspectRatio: "none", "aria-hidden": "true" },
    h("line", { x1: 0, y1: 27.5, x2: 118, y2: 27.5 }), points.length > 1 ? h("polyline", { points: points.join(" ") }) : null);
}
