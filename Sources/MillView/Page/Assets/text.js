// Panel "text": Markdown or HTML. Only harmless elements get through.

import { h, fill } from "./dom.js";

export function create(body) {
  const box = h("div", { class: "prose", tabindex: "0" });
  body.append(box);
  return { update({ options, panel }) {
    const content = options.content ?? panel.content ?? "";
    const mode = options.mode ?? panel.mode ?? "markdown";
    if (mode === "html") fill(box, ...clean(content));
    else if (mode === "code" || mode === "text") fill(box, h("pre", {}, content));
    else fill(box, ...clean(markdown(content)));
  }, destroy() {}, isEmpty: () => false };
}

const allowed = new Set(["A", "B", "BLOCKQUOTE", "BR", "CODE", "DD", "DEL", "DIV", "DL", "DT", "EM", "H1", "H2", "H3", "H4", "H5", "H6", "HR", "I",
  "KBD", "LI", "OL", "P", "PRE", "S", "SMALL", "SPAN", "STRONG", "SUB", "SUP", "TABLE", "TBODY", "TD", "TH", "THEAD", "TR", "U", "UL", "CENTER"]);

/** The nodes of an HTML text without scripts, handlers, styles and foreign addresses. */
function clean(html) {
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    const children = [...node.childNodes].map(copy);
    if (["SCRIPT", "STYLE", "IFRAME", "OBJECT", "TEMPLATE"].includes(node.tagName)) return null;
    if (!allowed.has(node.tagName)) return h("span", {}, children);
    const href = node.tagName === "A" ? node.getAttribute("href") ?? "" : null;
    return h(node.tagName.toLowerCase(), href !== null && /^(https?:|\/|#)/.test(href) ? { href, rel: "noreferrer" } : {}, children);
  };
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes].map(copy);
}

function markdown(text) {
  const escape = (part) => part.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const inline = (part) => escape(part)
    .replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\*\*([^*]+)\*\*/g, "<b>$1</b>").replace(/__([^_]+)__/g, "<b>$1</b>")
    .replace(/\*([^*]+)\*/g, "<i>$1</i>").replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>');
  const out = [];
  let list = "", code = null, lines = [];
  const endParagraph = () => { if (lines.length) out.push(`<p>${lines.map(inline).join(" ")}</p>`); lines = []; };
  const endList = () => { if (list) out.push(`</${list}>`); list = ""; };
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      if (code) { out.push(`<pre>${escape(code.join("\n"))}</pre>`); code = null; } else { endParagraph(); endList(); code = []; }
      continue;
    }
    if (code) { code.push(line); continue; }
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:([-*+])|\d+\.)\s+(.*)$/.exec(line);
    if (heading) { endParagraph(); endList(); out.push(`<h${heading[1].length}>${inline(heading[2])}</h${heading[1].length}>`); }
    else if (/^(---+|\*\*\*+)\s*$/.test(line)) { endParagraph(); endList(); out.push("<hr>"); }
    else if (item) {
      endParagraph();
      const kind = item[1] ? "ul" : "ol";
      if (list !== kind) { endList(); out.push(`<${kind}>`); list = kind; }
      out.push(`<li>${inline(item[2])}</li>`);
    } else if (line.trim() === "") { endParagraph(); endList(); }
    else { endList(); lines.push(line); }
  }
  if (code) out.push(`<pre>${escape(code.join("\n"))}</pre>`);
  endParagraph();
  endList();
  return out.join("\n");
}
