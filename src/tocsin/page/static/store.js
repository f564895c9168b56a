// One store for live and replay: the newest view, the other nations' views (replay only), where objects have been, and
// what the viewer chose. Whoever draws is called once per frame, however often things change; a background tab catches
// up in one frame.

import { MEASURED, basisOf } from "./seen.js";

const TRAIL_STEP_MS = 2000; // scenario time between two kept places of an object
const TRAIL_POINTS = 600; // 20 minutes of them
const LAYERS = ["fused", "own", "partner", "air", "sensors", "areas"];
const PROJECTIONS = ["flat", "globe", "profile"];

export class Store {
  constructor(languages) {
    this.view = null;
    this.others = {};
    this.trails = new Map();
    this.link = { state: "connecting", heard: 0 };
    this.ui = { lang: languages[0], projection: "flat", selected: null, open: new Set(), layers: new Set(LAYERS), camera: null, table: true };
    this.languages = languages;
    this.draws = [];
    this.builds = 0;
    this.pending = false;
    this.readAddress();
  }

  /** A newer (or, in replay, any other) view of this desk. */
  show(view, others = {}) {
    if (this.view && (view.now < this.view.now || view.nation !== this.view.nation)) this.trails.clear();
    this.view = view;
    this.others = others;
    this.extendTrails(view);
    this.touch();
  }

  /** Past views up to the one shown, for the trails of a replay. */
  retrace(views) {
    this.trails.clear();
    views.forEach((view) => this.extendTrails(view));
  }

  extendTrails(view) {
    const alive = new Set();
    for (const mark of view.marks) {
      if (mark.layer !== "fused" || mark.kind === "air") continue;
      alive.add(mark.id);
      if (basisOf(mark) !== MEASURED) continue; // a trail is of what was measured
      const trail = this.trails.get(mark.id) ?? [];
      if (!trail.length) this.trails.set(mark.id, trail);
      const last = trail[trail.length - 1];
      if (mark.life !== "impacted" && (!last || view.now - last[0] >= TRAIL_STEP_MS)) {
        trail.push([view.now, mark.lat, mark.lon, mark.alt]);
        if (trail.length > TRAIL_POINTS) trail.shift();
      }
    }
    for (const id of this.trails.keys()) if (!alive.has(id)) this.trails.delete(id);
  }

  /** The viewer chose something. */
  set(change) {
    Object.assign(this.ui, change);
    this.writeAddress();
    this.touch();
  }

  toggle(layer) {
    if (!this.ui.layers.delete(layer)) this.ui.layers.add(layer);
    this.set({});
  }

  /** An object is chosen; a group shows its tracks, or hides them again. */
  pick(id) {
    const group = (this.view?.groups ?? []).find((g) => g.id === id);
    if (!group) return this.set({ selected: id });
    const shown = this.isOpen(group);
    if (group.members.includes(this.ui.selected)) this.ui.selected = null;
    if (shown) this.ui.open.delete(id);
    else this.ui.open.add(id);
    this.set({});
  }

  /** True while the tracks of a group are shown one by one: the viewer opened it, or chose one of them. */
  isOpen(group) {
    return this.ui.open.has(group.id) || group.members.includes(this.ui.selected);
  }

  selectedMark() {
    return this.view?.marks.find((mark) => mark.layer === "fused" && mark.id === this.ui.selected) ?? null;
  }

  /** Whose desk it is has changed: its fixed texts must be made again. */
  rebuild() {
    this.builds += 1;
    this.touch();
  }

  onDraw(draw) {
    this.draws.push(draw);
  }

  touch() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      for (const draw of this.draws) draw(this);
    });
  }

  // The address holds what the viewer chose, after the #: it works from a file too and is never sent to a server.
  readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const lang = given.get("lang") ?? this.languages.find((l) => navigator.language.startsWith(l));
    if (this.languages.includes(lang)) this.ui.lang = lang;
    if (PROJECTIONS.includes(given.get("view"))) this.ui.projection = given.get("view");
    if (given.has("object")) this.ui.selected = given.get("object");
    if (given.has("hide")) for (const layer of given.get("hide").split(",")) this.ui.layers.delete(layer);
    if (given.get("table") === "0") this.ui.table = false;
    const camera = (given.get("at") ?? "").split(",").map(Number);
    if (camera.length === 3 && camera.every(Number.isFinite) && camera[2] > 0) this.ui.camera = camera;
  }

  writeAddress() {
    const { lang, projection, selected, layers, camera, table } = this.ui;
    const out = new URLSearchParams({ lang, view: projection });
    if (selected) out.set("object", selected);
    const hidden = LAYERS.filter((layer) => !layers.has(layer));
    if (hidden.length) out.set("hide", hidden.join(","));
    if (!table) out.set("table", "0");
    if (camera) out.set("at", camera.map((x) => x.toFixed(2)).join(","));
    history.replaceState(null, "", "#" + out);
  }
}
