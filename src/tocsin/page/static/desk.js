// The whole desk: bar, panels, map, table. Built anew when its language or nation changes; everything else is drawn in place.
import { makeAnnouncer } from "./announce.js";
import { makeBar } from "./bar.js";
import { h, setAttribute } from "./dom.js";
import { itemsOf } from "./items.js";
import { helpSheet, listen, shortcutsFor } from "./keys.js";
import { legendPanel } from "./legend.js";
import { MapView } from "./map.js";
import { alarmsPanel, detailPanel, footPanels, queuePanel, warningsPanel, whoPanel } from "./panels.js";
import { rowOf } from "./rows.js";
import { makeTable } from "./table.js";
import { say, speak } from "./words.js";

const LAYERS = ["fused", "own", "partner", "air", "sensors", "areas"];
const PROJECTIONS = ["flat", "globe", "profile"];

/** Put the desk into `root`. `maps`: {coarse, fine, areas}. `extra(store)`: {node, draw, keys, sheet}, as in a replay. */
export function openDesk(root, store, maps, extra = null) {
  let desk = null;
  let built = null;
  store.onDraw(() => {
    const wanted = `${store.ui.lang} ${store.builds}`;
    if (built !== wanted) {
      built = wanted;
      speak(store.ui.lang);
      desk = build(root, store, maps, extra?.(store));
    }
    desk.draw();
  });
  listen(() => desk?.shortcuts ?? {});
  setInterval(() => store.touch(), 1000);
  store.touch();
}

function build(root, store, maps, extra) {
  const names = new Map(maps.areas.features.map((f) => [f.properties.iso, f.properties[`name_${store.ui.lang}`]]));
  const areaName = (code) => names.get(code) ?? code;
  const pick = (id) => store.pick(id);
  const map = new MapView(store, maps);
  const sheet = helpSheet(extra?.sheet);
  const help = () => (sheet.open ? sheet.close() : sheet.showModal());
  const controls = mapControls(store, map);
  const marks = marksTable(pick);
  const left = [alarmsPanel(), queuePanel(store, pick), whoPanel(store, pick), legendPanel()];
  const right = [warningsPanel(store, areaName), detailPanel(store, areaName)];
  const bar = makeBar(store, help);
  const foot = footPanels();
  const announcer = makeAnnouncer(areaName);
  root.replaceChildren(
    h("a", { class: "skip", href: "#queue", onclick: (e) => (e.preventDefault(), document.getElementById("queue").scrollIntoView()) }, say("skip")),
    bar.node,
    h("main", {},
      h("div", { class: "side", id: "left" }, left.map((p) => p.node)),
      h("div", { id: "centre" }, controls.node, map.node, extra?.node),
      h("div", { class: "side", id: "right" }, right.map((p) => p.node))),
    h("div", { id: "band" }, marks.node, foot.node), announcer.node, sheet);
  const parts = [bar, ...left, ...right, foot, announcer, controls];
  if (extra) parts.push(extra);

  function draw() {
    const items = itemsOf(store);
    for (const part of parts) part.draw(store);
    map.draw(items);
    marks.draw(store, items, areaName);
  }

  return { draw, shortcuts: { ...shortcutsFor(store, map, help), ...extra?.keys } };
}

function mapControls(store, map) {
  const button = (text, act) => h("button", { type: "button", onclick: act }, text);
  const views = PROJECTIONS.map((name) => [name, button(say(`view.${name}`), () => store.set({ projection: name }))]);
  const layers = LAYERS.map((name) => [name, h("button", { type: "button", class: `layer layer-${name}`, onclick: () => store.toggle(name) }, say(`layer.${name}`))]);
  const table = button(say("marks.toggle"), () => store.set({ table: !store.ui.table }));
  const node = h("div", { id: "controls" },
    h("div", { role: "group", "aria-label": say("map") }, views.map((v) => v[1])),
    h("div", { role: "group", "aria-label": say("layers") }, layers.map((l) => l[1])),
    h("div", { role: "group" }, button("+", () => map.zoomIn()), button("−", () => map.zoomOut()), button(say("view.fit"), () => map.fit()), table));
  const draw = ({ ui }) => {
    for (const [name, b] of views) setAttribute(b, "aria-pressed", ui.projection === name);
    for (const [name, b] of layers) setAttribute(b, "aria-pressed", ui.layers.has(name));
    setAttribute(table, "aria-pressed", ui.table);
  };
  return { node, draw };
}

const COLUMNS = ["what", "name", "state", "place", "alt", "speed", "time", "sure", "source"];
const FEW_ROWS = 60; // up to here the table follows every picture
const MANY_ROWS_MS = 1000; // above, it is brought up to date this often: a thousand rows cost more than a frame
const NUMBERS = new Set(["alt", "speed", "time"]);

function marksTable(pick) {
  const table = makeTable(say("marks"), COLUMNS.map((c) => ({ label: say(`col.${c}`), class: NUMBERS.has(c) ? `col-${c} number` : `col-${c}` })), pick);
  const node = h("section", { id: "marks", class: "panel", tabindex: 0, "aria-label": say("marks") }, h("h2", {}, say("marks")), table.node);
  let due = 0;
  let chosen = "";
  const draw = (store, items, areaName) => {
    node.hidden = !store.ui.table;
    const now = performance.now();
    const choice = [store.ui.selected, ...store.ui.open, ...store.ui.layers].join();
    if (node.hidden || (now < due && choice === chosen)) return;
    due = now + (items.length > FEW_ROWS ? MANY_ROWS_MS : 0);
    chosen = choice;
    const rows = items.map((item) => rowOf(item, store.view, areaName));
    table.update(rows.map((row) => ({ ...row, selected: row.pick ? row.pick === store.ui.selected : undefined })), say("marks.none"));
  };
  return { node, draw };
}
