// Panel "table".

import { alpha, ink, textOn } from "./colors.js";
import { calculate, calculationTitle, rowCount } from "./frames.js";
import { compare } from "./transform.js";
import { display, withRange } from "./fields.js";
import { h, fill } from "./dom.js";

/** Rows that are put into the page; the rest is counted below the table. */
const rowsMax = 500;

export function create(body) {
  const box = h("div", { class: "table-box", tabindex: "0" });
  body.append(box);
  let last, sort, isOwnSort = false;

  function update(data) {
    last = data;
    if (!isOwnSort) sort = data.options.sortBy?.[0];
    draw();
  }

  function draw() {
    const { frames, options } = last;
    const frame = frames[Math.min(options.frameIndex ?? 0, frames.length - 1)] ?? { fields: [] };
    const fields = frame.fields.filter((field) => !field.config.custom?.hidden && !field.config.custom?.hideFrom?.viz);
    let rows = [...Array(rowCount(frame)).keys()];
    const by = sort && fields.find((field) => field.displayName === sort.displayName);
    if (by) rows.sort((a, b) => compare(by.values[a], by.values[b]) * (sort.desc ? -1 : 1));
    const more = rows.length - rowsMax;
    rows = rows.slice(0, rowsMax);
    const [top, left] = [box.scrollTop, box.scrollLeft];
    fill(box, h("table", { class: `cells ${options.cellHeight ?? "sm"}` },
      h("colgroup", {}, fields.map((field) => h("col", { style: { width: field.config.custom?.width ? `${field.config.custom.width}px` : "" } }))),
      options.showHeader === false ? null : h("thead", {}, h("tr", {}, fields.map(head))),
      h("tbody", {}, rows.map((row) => h("tr", {}, fields.map((field) => cell(field, field.values[row]))))),
      options.footer?.show ? h("tfoot", {}, h("tr", {}, fields.map((field, index) => foot(field, index, options.footer, rowCount(frame))))) : null),
      more > 0 ? h("p", { class: "hint" }, `${more} more rows`) : null);
    box.scrollTo(left, top);
  }

  function head(field) {
    const isBy = sort?.displayName === field.displayName;
    return h("th", { class: align(field), "aria-sort": isBy ? (sort.desc ? "descending" : "ascending") : null },
      h("button", { type: "button", onclick: () => {
        sort = { displayName: field.displayName, desc: isBy ? !sort.desc : false };
        isOwnSort = true;
        draw();
      } }, field.displayName, isBy ? h("span", { "aria-hidden": "true" }, sort.desc ? " ↓" : " ↑") : null));
  }

  return { update, destroy() {}, isEmpty: (frames) => frames.every((frame) => rowCount(frame) === 0), emptyText: () => "No data" };
}

function align(field) {
  const wanted = field.config.custom?.align;
  if (wanted && wanted !== "auto") return wanted;
  return field.type === "number" ? "right" : "left";
}

function cell(field, value) {
  const shown = display(field, value);
  const style = field.config.custom?.cellOptions?.type ?? field.config.custom?.displayMode ?? "auto";
  const element = h("td", { class: align(field) }, shown.text);
  if (style === "color-text") element.style.color = ink(shown.color);
  if (style.startsWith("color-background")) Object.assign(element.style, { background: shown.color, color: textOn(shown.color) });
  if ((style === "gauge" || style.includes("gauge")) && typeof value === "number") {
    const { min, max } = withRange(field, [field]);
    const share = ((value - min) / (max - min || 1)) * 100;
    element.style.background = `linear-gradient(90deg, ${alpha(shown.color, 0.45)} ${share}%, transparent ${share}%)`;
  }
  const link = field.config.links?.[0];
  if (link?.url && /^(https?:|\/)/.test(link.url) && !link.url.includes("${")) {
    fill(element, h("a", { href: link.url, title: link.title ?? "", rel: "noreferrer" }, shown.text));
  }
  return element;
}

function foot(field, index, footer, count) {
  const reducer = footer.reducer?.[0] ?? "sum";
  if (footer.countRows && reducer === "count") return h("td", { class: index === 0 ? "left" : align(field) }, index === 0 ? `Count ${count}` : "");
  const wanted = footer.fields;
  const isIn = field.type === "number" && (!wanted?.length || wanted.includes(field.displayName) || wanted === field.displayName);
  const value = isIn ? display(field, calculate(reducer, field.values)).text : index === 0 ? calculationTitle(reducer) : "";
  return h("td", { class: align(field) }, value);
}
