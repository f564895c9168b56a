// Draws the items on a projected map: areas, ellipses, arcs with their ground tracks, objects. Knows no controls.
import { geoPath } from "./vendor/d3-geo.js";
import { lifted, middleOf, ring } from "./geo.js";
import { INK, LEVELS, hatching } from "./palette.js";
import { pathOf } from "./path.js";
import { clock } from "./format.js";
import { MEASURED, PREDICTED, anyPlace, basisOf, groupText, hasPlace, impactPassed, labelOf } from "./seen.js";
import { say } from "./words.js";
import { Labels } from "./labels.js";

const UNSEEN_DASH = [2, 4]; // dots: not measured, only predicted

/** One drawing. `frame`: {context, kind, projection, camera, w, h}; returns [{key, id, x, y}] of what can be picked. */
export function drawScene(frame, store, items, areas) {
  const scene = new Scene(frame, store, areas);
  for (const what of ["area", "other", "air", "sensor", "launch", "region", "impact", "group", "fused", "own", "partner", "apogee"]) {
    for (const item of items) if (item.what === what) scene[what](item);
  }
  for (const [text, x, y, colour, bold] of scene.texts.sort((a, b) => b[5] - a[5])) {
    scene.labels.put(text, x, y, colour, INK.halo, bold);
  }
  return scene.places;
}

class Scene {
  constructor(frame, store, areas) {
    Object.assign(this, frame);
    this.store = store;
    this.areas = areas;
    this.path = geoPath(frame.projection, frame.context);
    this.labels = new Labels(frame.context, frame.w, frame.h);
    this.texts = [];
    this.places = [];
  }

  at(lat, lon, alt = 0) {
    return lifted(this.kind, this.projection, this.camera, this.w, this.h, lat, lon, alt);
  }

  label(text, x, y, colour, weight, bold = false) {
    this.texts.push([text, x, y, colour, bold, weight]);
  }

  picked(item, at) {
    this.places.push({ key: item.key, id: item.mark?.id ?? null, x: at[0], y: at[1] });
  }

  area({ risk }) {
    const feature = this.areas.get(risk.area);
    if (!feature) return;
    const c = this.context;
    c.beginPath();
    this.path(feature);
    c.fillStyle = hatching(c, risk.level);
    c.fill();
    c.strokeStyle = LEVELS[risk.level].line;
    c.lineWidth = risk.level >= 3 ? 2 : 1;
    c.stroke();
    const [x, y] = this.path.centroid(feature);
    if (risk.level < 2 || !Number.isFinite(x)) return;
    this.badge(risk.level, x, y);
    this.label(feature.properties[`name_${this.store.ui.lang}`], x, y, INK.text, 20 + risk.level);
  }

  badge(level, x, y) {
    const c = this.context;
    c.beginPath();
    c.rect(x - 7, y - 8, 14, 15);
    c.fillStyle = LEVELS[level].fill;
    c.fill();
    c.strokeStyle = LEVELS[level].line;
    c.lineWidth = 1.5;
    c.stroke();
    c.font = "700 11px system-ui, sans-serif";
    c.fillStyle = level === 2 || level === 1 ? "#111" : "#fff";
    c.textAlign = "center";
    c.fillText(String(level), x, y + 4);
    c.textAlign = "left";
    this.labels.block(x - 8, y - 9, 16, 17);
  }

  ellipse(spot, colour, dash, fill) {
    const c = this.context;
    c.beginPath();
    this.path({ type: "LineString", coordinates: ring(spot.lat, spot.lon, spot.ellipse) });
    if (fill) {
      c.fillStyle = fill;
      c.fill();
    }
    c.setLineDash(dash);
    c.strokeStyle = colour;
    c.lineWidth = 1.5;
    c.stroke();
    c.setLineDash([]);
  }

  launch(item) {
    const { spot, mark } = item;
    this.ellipse(spot, INK.launch, [], null);
    const at = this.at(spot.lat, spot.lon);
    if (!at) return;
    this.shape("triangle", at, 6, INK.launch, true);
    this.labels.block(at[0] - 6, at[1] - 6, 12, 12);
    this.label(`▲ ${clock(spot.t)}Z`, at[0], at[1], INK.launch, 5);
    this.picked({ ...item, mark }, at);
  }

  impact(item) {
    const { spot, mark } = item;
    this.ellipse(spot, INK.fused, [5, 4], "rgba(255,255,255,0.13)");
    const at = this.at(spot.lat, spot.lon);
    if (!at) return;
    this.shape("cross", at, 7, INK.fused, false);
    const passed = impactPassed(mark, this.store.view.now);
    this.label(passed ? `✕ ${say("basis.passed")}` : `✕ ${clock(spot.t)}Z`, at[0], at[1], INK.fused, 30);
    this.picked({ ...item, mark }, at);
  }

  region(item) {
    const { corners, earliest, latest } = item.region;
    const c = this.context;
    c.beginPath();
    this.path({ type: "LineString", coordinates: [...corners, corners[0]].map(([lat, lon]) => [lon, lat]) });
    c.fillStyle = "rgba(255,255,255,0.13)";
    c.fill();
    c.setLineDash([5, 4]);
    c.strokeStyle = INK.fused;
    c.lineWidth = 1.5;
    c.stroke();
    c.setLineDash([]);
    const at = this.at(...middleOf(corners));
    if (!at) return;
    this.label(`${clock(earliest)}–${clock(latest)}Z`, at[0], at[1], INK.fused, 30);
    this.picked(item, at);
  }

  apogee(item) {
    const [, lat, lon, alt] = item.top;
    const at = this.at(lat, lon, alt);
    if (!at) return;
    this.shape("tick", at, 5, INK.dim, false);
    this.label(`${say("what.apogee")} ${Math.round(item.mark.apogee_km)} km`, at[0], at[1], INK.dim, 3);
  }

  line(points, colour, width, dash, ground) {
    const c = this.context;
    c.beginPath();
    let open = false;
    for (const [, lat, lon, alt] of points) {
      const at = this.at(lat, lon, ground ? 0 : alt);
      if (at && open) c.lineTo(...at);
      else if (at) c.moveTo(...at);
      open = at !== null;
    }
    c.setLineDash(dash);
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke();
    c.setLineDash([]);
  }

  way(mark, colour, width) {
    const { flown, unseen, ahead } = pathOf(mark, this.store.trails.get(mark.id), this.store.view.now);
    if (this.kind === "globe") {
      this.line(ahead, colour, width, [7, 6], false);
      this.line(unseen, colour, width, UNSEEN_DASH, false);
      this.line(flown, colour, width + 1, [], false);
      this.line([...flown, ...unseen, ...ahead], colour, 1, [1, 4], true);
      this.plumb(mark, colour);
    } else {
      this.line(ahead, colour, width, [7, 6], true);
      this.line(unseen, colour, width, UNSEEN_DASH, true);
      this.line(flown, colour, width + 0.5, [], true);
    }
  }

  plumb(mark, colour) {
    if (mark.life === "impacted" || !hasPlace(mark)) return;
    const here = [0, mark.lat, mark.lon];
    this.line([[...here, mark.alt], [...here, 0]], colour, 1, [1, 3], false);
  }

  group(item) {
    const { group } = item;
    const [long, wide, bearing] = group.size;
    this.ellipse({ lat: group.lat, lon: group.lon, ellipse: [long / 2, wide / 2, bearing] }, INK.fused, [], null);
    if (item.first) this.way(item.first, INK.fused, 1.3);
    const at = this.at(group.lat, group.lon, group.alt);
    if (!at) return;
    this.shape("diamond", at, 5, INK.fused, true);
    this.shape("diamond", at, 10, INK.fused, false);
    this.labels.block(at[0] - 10, at[1] - 10, 20, 20);
    this.label(`${group.id} · ${groupText(group)}`, at[0], at[1], INK.fused, 45, true);
    this.picked(item, at);
  }

  fused(item) {
    const { mark } = item;
    const chosen = mark.id === this.store.ui.selected;
    this.context.globalAlpha = chosen || !this.store.ui.selected ? 1 : 0.7;
    this.way(mark, INK.fused, chosen ? 2 : 1.3);
    const at = this.at(...anyPlace(mark));
    if (at) {
      const open = basisOf(mark) !== MEASURED || mark.life === "impacted" || mark.life === "tentative";
      if (hasPlace(mark)) this.shape("diamond", at, 7, INK.fused, !open, dashOf(mark));
      this.labels.block(at[0] - 7, at[1] - 7, 14, 14);
      if (chosen) this.shape("circle", at, 13, INK.fused, false, dashOf(mark));
      this.label(labelOf(mark, this.store.view.now), at[0], at[1], INK.fused, 40 + (chosen ? 9 : 0), true);
      this.picked(item, at);
    }
    this.seen(mark, INK.fused);
    this.context.globalAlpha = 1;
  }

  /** The small sign of the last measured place, where that is not the place shown. */
  seen(mark, colour) {
    if (!mark.seen) return;
    const at = this.at(...mark.seen);
    if (at) this.shape("tick", at, 4, colour, false);
  }

  own(item) {
    this.track(item, "circle", INK.own);
  }

  partner(item) {
    this.track(item, "square", INK.partner);
  }

  other(item) {
    this.context.globalAlpha = 0.85;
    this.line(item.mark.arc ?? [], INK.other, 1, [2, 3], this.kind !== "globe");
    const at = this.at(...anyPlace(item.mark));
    if (at) {
      if (hasPlace(item.mark)) this.shape("diamond", at, 10, INK.other, false, dashOf(item.mark));
      this.label(item.nation, at[0], at[1], INK.other, 2);
    }
    this.context.globalAlpha = 1;
  }

  track(item, shape, colour) {
    const { mark } = item;
    this.seen(mark, colour);
    const at = hasPlace(mark) && mark.life !== "lost" ? this.at(mark.lat, mark.lon, mark.alt) : null;
    if (!at) return;
    // Where the fused object carries its name a second one says nothing, nor does a second predicted place.
    const named = this.places.some((p) => p.id && Math.hypot(p.x - at[0], p.y - at[1]) < 14);
    const predicted = basisOf(mark) === PREDICTED;
    if (!named || !predicted) this.shape(shape, at, shape === "circle" ? 10 : 9, colour, false, dashOf(mark));
    if (!named) this.label(labelOf(mark, this.store.view.now), at[0], at[1], colour, 4);
  }

  air(item) {
    const at = this.at(item.mark.lat, item.mark.lon);
    if (!at) return;
    const c = this.context;
    const angle = (item.mark.course * Math.PI) / 180;
    c.strokeStyle = c.fillStyle = INK.air;
    c.lineWidth = 1;
    c.fillRect(at[0] - 1.5, at[1] - 1.5, 3, 3);
    c.beginPath();
    c.moveTo(...at);
    c.lineTo(at[0] + 9 * Math.sin(angle), at[1] - 9 * Math.cos(angle));
    c.stroke();
    this.picked(item, at);
  }

  sensor({ sensor }) {
    if (sensor.lat_deg === null) return;
    const at = this.at(sensor.lat_deg, sensor.lon_deg);
    if (!at) return;
    this.shape("sensor", at, 5, INK.sensor, false);
    this.label(sensor.silent ? `${sensor.id} ${say("sensor.silent")}` : sensor.id, at[0], at[1], INK.sensor, 1);
  }

  shape(kind, [x, y], r, colour, filled, dash = []) {
    const c = this.context;
    c.beginPath();
    OUTLINES[kind](c, x, y, r);
    c.lineWidth = 3.5;
    c.strokeStyle = INK.halo;
    c.stroke();
    c.lineWidth = 1.6;
    c.strokeStyle = colour;
    if (filled) {
      c.fillStyle = colour;
      c.fill();
    }
    c.setLineDash(dash);
    c.stroke();
    c.setLineDash([]);
  }
}

function dashOf(mark) {
  return basisOf(mark) === MEASURED ? [] : [4, 3];
}

function polygon(c, corners) {
  corners.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.closePath();
}

const OUTLINES = {
  circle: (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
  square: (c, x, y, r) => c.rect(x - r, y - r, 2 * r, 2 * r),
  diamond: (c, x, y, r) => polygon(c, [[x, y - r], [x + r, y], [x, y + r], [x - r, y]]),
  triangle: (c, x, y, r) => polygon(c, [[x, y - r], [x + r, y + r], [x - r, y + r]]),
  cross: (c, x, y, r) => {
    c.moveTo(x - r, y - r);
    c.lineTo(x + r, y + r);
    c.moveTo(x - r, y + r);
    c.lineTo(x + r, y - r);
  },
  tick: (c, x, y, r) => {
    c.moveTo(x - r, y);
    c.lineTo(x + r, y);
    c.moveTo(x, y - r);
    c.lineTo(x, y + r);
  },
  sensor: (c, x, y, r) => {
    c.arc(x, y - r / 2, r, 0.15 * Math.PI, 0.85 * Math.PI);
    c.moveTo(x, y + r / 2);
    c.lineTo(x, y + 1.4 * r);
    c.moveTo(x - r * 0.8, y + 1.4 * r);
    c.lineTo(x + r * 0.8, y + 1.4 * r);
  },
};
