// Single-key shortcuts and the sheet that lists them. Keys do nothing while a control that takes text or a choice has focus.
import { h } from "./dom.js";
import { queueOf } from "./items.js";
import { say } from "./words.js";

const PAN_PX = 60;

export function shortcutsFor(store, map, help) {
  const view = (projection) => () => store.set({ projection });
  const layer = (name) => () => store.toggle(name);
  const step = (by) => () => {
    const ids = store.view ? queueOf(store.view).map((mark) => mark.id) : [];
    const at = ids.indexOf(store.ui.selected);
    if (ids.length) store.set({ selected: ids[(Math.max(at, by > 0 ? -1 : 0) + by + ids.length) % ids.length] });
  };
  return {
    f: view("flat"), g: view("globe"), p: view("profile"),
    j: step(1), k: step(-1),
    u: layer("fused"), o: layer("own"), i: layer("partner"), a: layer("air"),
    "+": () => map.zoomIn(), "=": () => map.zoomIn(), "-": () => map.zoomOut(), 0: () => map.fit(),
    ArrowLeft: () => map.pan(-PAN_PX, 0), ArrowRight: () => map.pan(PAN_PX, 0),
    ArrowUp: () => map.pan(0, PAN_PX), ArrowDown: () => map.pan(0, -PAN_PX),
    t: () => store.set({ table: !store.ui.table }),
    l: () => store.set({ lang: store.languages[(store.languages.indexOf(store.ui.lang) + 1) % store.languages.length] }),
    "?": () => help(),
  };
}

/** One listener for the page; `shortcuts()` gives the present table. Arrow keys belong to the map and to lists. */
export function listen(shortcuts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog")) return;
    if (event.key.startsWith("Arrow") && event.target.tagName !== "CANVAS" && event.target !== document.body) return;
    const act = shortcuts()[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

const SHEET = [
  ["f g p", "key.view"], ["j k", "key.next"], ["u o i a", "key.layers"], ["+ − 0", "key.zoom"], ["← → ↑ ↓", "key.move"],
  ["t", "key.table"], ["l", "key.language"], ["?", "key.help"],
];

export function helpSheet(more = []) {
  const rows = [...SHEET, ...more].map(([keys, key]) => h("tr", {}, h("th", { scope: "row" }, keys.split(" ").map((k) => h("kbd", {}, k))), h("td", {}, say(key))));
  const dialog = h("dialog", { id: "help", "aria-labelledby": "help-title" },
    h("h2", { id: "help-title" }, say("help.title")),
    h("table", {}, h("tbody", {}, rows)),
    h("button", { type: "button", onclick: () => dialog.close() }, say("help.close")));
  return dialog;
}
