// What the map's signs and levels mean.
import { h } from "./dom.js";
import { say } from "./words.js";

const SIGNS = [
  ["◆", "legend.fused"], ["◈", "legend.group"], ["◇", "legend.predicted"], ["+", "legend.seen"], ["○", "legend.own"], ["□", "legend.partner"], ["▲", "legend.launch"], ["✕", "legend.impact"], ["⬠", "legend.region"],
  ["━", "legend.flown"], ["┈", "legend.unseen"], ["╍", "legend.ahead"],
];

export function legendPanel() {
  const row = (sign, text, style) => h("tr", {}, h("td", { class: style }, sign), h("td", {}, text));
  const levels = [5, 4, 3, 2, 1].map((level) => row(String(level), say(`level.${level}`), `level level-${level}`));
  const signs = SIGNS.map(([sign, key]) => row(sign, say(key), "centre"));
  const table = h("table", { "aria-label": say("legend") }, h("tbody", {}, levels, signs));
  const node = h("details", { class: "panel", id: "legend", open: true }, h("summary", {}, say("legend")), table);
  return { node, draw: () => {} };
}
