// The map's canvas and its controls: camera, dragging, wheel, picking. What it draws comes from scene.js and profile.js.
import { Basemap } from "./basemap.js";
import { h } from "./dom.js";
import { fit, projectionFor } from "./geo.js";
import { INK } from "./palette.js";
import { drawProfile } from "./profile.js";
import { drawScene } from "./scene.js";
import { anyPlace } from "./seen.js";
import { say } from "./words.js";

const PICK_PX = 16;
const ZOOM = 1.3;
const SCALES = [120, 20000]; // px per radian
// What a desk looks at while nothing flies: the peninsula, Japan and the near Pacific; for the US its Pacific areas too.
// While something flies, its own main land stays in sight.
const HOME = {
  KOR: { quiet: [[122, 31], [147, 46], [146, 30]], always: [[126, 34], [130, 39]] },
  JPN: { quiet: [[122, 25], [155, 46], [152, 24]], always: [[130, 31], [145.5, 45]] },
  USA: { quiet: [[122, 30], [145, 13], [205, 20], [200, 62]], always: [[145, 13], [202, 21]] },
};

export class MapView {
  constructor(store, maps) {
    this.store = store;
    this.areas = new Map(maps.areas.features.map((f) => [f.properties.iso, f]));
    this.base = new Basemap(maps, () => store.touch());
    this.canvas = h("canvas", { tabindex: 0, role: "img", "aria-label": say("map.label") });
    this.node = h("div", { class: "canvas-box" }, this.canvas);
    this.places = [];
    this.watched = null;
    this.drag = null;
    this.moved = false;
    new ResizeObserver(() => store.touch()).observe(this.node);
    this.listen();
  }

  listen() {
    const on = (name, act, options) => this.canvas.addEventListener(name, act, options);
    on("pointerdown", (e) => {
      this.canvas.setPointerCapture(e.pointerId);
      this.drag = [e.offsetX, e.offsetY];
      this.moved = false;
    });
    on("pointermove", (e) => this.drag && this.dragged(e.offsetX, e.offsetY));
    on("pointerup", (e) => {
      if (!this.moved) this.pick(e.offsetX, e.offsetY);
      this.drag = null;
    });
    on("pointercancel", () => (this.drag = null));
    on("wheel", (e) => {
      e.preventDefault();
      this.zoom(Math.exp(-e.deltaY * 0.0015));
    }, { passive: false });
  }

  dragged(x, y) {
    const [dx, dy] = [x - this.drag[0], y - this.drag[1]];
    if (!this.moved && Math.hypot(dx, dy) < 4) return;
    this.moved = true;
    this.drag = [x, y];
    this.pan(-dx, dy);
  }

  /** Move the camera by px east and north. */
  pan(east, north) {
    const [lon, lat, scale] = this.camera();
    const degrees = 180 / Math.PI / scale;
    const shrink = Math.max(Math.cos((lat * Math.PI) / 180), 0.2);
    const moved = lon + (east * degrees) / shrink;
    this.store.set({ camera: [((moved + 540) % 360) - 180, Math.max(-85, Math.min(85, lat + north * degrees)), scale] });
  }

  zoom(factor) {
    const [lon, lat, scale] = this.camera();
    this.store.set({ camera: [lon, lat, Math.max(SCALES[0], Math.min(SCALES[1], scale * factor))] });
  }

  zoomIn() {
    this.zoom(ZOOM);
  }

  zoomOut() {
    this.zoom(1 / ZOOM);
  }

  /** Back to the camera that follows what flies. */
  fit() {
    this.watched = null;
    this.store.set({ camera: null });
  }

  pick(x, y) {
    const near = (p) => Math.hypot(p.x - x, p.y - y);
    const hit = this.places.filter((p) => p.id && near(p) < PICK_PX).sort((a, b) => near(a) - near(b))[0];
    if (hit) this.store.pick(hit.id);
  }

  /** The viewer's camera, or one that shows home and everything ballistic; it moves only when something leaves it. */
  camera() {
    return this.store.ui.camera ?? this.watching();
  }

  watching() {
    const { view, ui } = this.store;
    const [w, height] = [this.node.clientWidth, this.node.clientHeight];
    const nation = view?.nation ?? document.documentElement.dataset.nation;
    const flights = view ? flying(view) : [];
    const home = ui.projection === "globe" ? [] : HOME[nation].always;
    const points = flights.length ? [...home, ...flights] : HOME[nation].quiet;
    const key = `${ui.projection} ${w} ${height} ${nation} ${flights.length > 0}`;
    const known = this.watched;
    const covered = known && known.key === key && points.every((p) => inBox(p, known.box));
    if (!covered) {
      const box = grown(points, known?.key === key ? known.box : null);
      this.watched = { key, box, camera: fit(ui.projection, corners(points, box), w, height) };
    }
    return this.watched.camera;
  }

  draw(items) {
    const [w, height] = [this.node.clientWidth, this.node.clientHeight];
    if (w < 2 || height < 2) return;
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(w * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(w * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, w, height);
    if (this.store.ui.projection === "profile") {
      this.places = drawProfile(context, w, height, this.store, items);
      watermark(context, w, height);
    } else {
      this.places = this.drawMap(context, w, height, ratio, items);
    }
  }

  drawMap(context, w, height, ratio, items) {
    const kind = this.store.ui.projection;
    const camera = this.camera();
    const nation = document.documentElement.dataset.nation;
    const projection = projectionFor(kind, camera, w, height);
    const showAreas = this.store.ui.layers.has("areas");
    const key = [kind, ...camera, w, height, ratio, nation, showAreas].join();
    context.drawImage(this.base.drawing(projection, key, w, height, ratio, nation, showAreas), 0, 0, w, height);
    watermark(context, w, height);
    return drawScene({ context, kind, projection, camera, w, h: height }, this.store, items, this.areas);
  }
}

/** [lon, lat] of everything ballistic: objects, launch and impact points, every sixth point of the arcs. */
function flying(view) {
  const points = [];
  for (const mark of view.marks) {
    if (mark.kind === "air" || mark.layer !== "fused") continue;
    const [lat, lon] = anyPlace(mark);
    points.push([lon, lat]);
    for (const spot of [mark.launch, mark.impact]) if (spot) points.push([spot.lon, spot.lat]);
    (mark.arc ?? []).forEach((p, i) => i % 6 || points.push([p[2], p[1]]));
  }
  return points;
}

// Longitudes are counted from 0 to 360 here: the region lies about the 180th meridian.
const east = (lon) => (lon + 360) % 360;

function inBox([lon, lat], [west, south, far, north]) {
  return east(lon) >= west && east(lon) <= far && lat >= south && lat <= north;
}

/** The box of the points, some room to grow, and never smaller than it was. */
function grown(points, before) {
  const lons = points.map((p) => east(p[0])).concat(before ? [before[0], before[2]] : []);
  const lats = points.map((p) => p[1]).concat(before ? [before[1], before[3]] : []);
  return [Math.min(...lons) - 2, Math.min(...lats) - 2, Math.max(...lons) + 2, Math.min(Math.max(...lats) + 2, 88)];
}

function corners(points, [west, south, far, north]) {
  const middle = (west + far) / 2;
  return [...points, [west, south], [far, south], [middle, north]];
}

function watermark(c, w, height) {
  const { nation, plane } = document.documentElement.dataset;
  c.save();
  c.font = `700 ${Math.round(Math.min(w / 9, 74))}px system-ui, "Noto Sans CJK JP", sans-serif`;
  c.textAlign = "center";
  c.fillStyle = INK.text;
  c.globalAlpha = 0.055;
  c.fillText(`${nation} ${plane}`, w / 2, height / 2);
  if (plane === "EXERCISE") c.fillText("訓練 훈련", w / 2, height / 2 + w / 9);
  c.restore();
}
