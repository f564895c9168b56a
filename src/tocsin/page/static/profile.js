// Altitude over ground distance: the side view of every object's way, the chosen one bright.
import { groundKm } from "./geo.js";
import { Labels } from "./labels.js";
import { INK } from "./palette.js";
import { pathOf } from "./path.js";
import { MEASURED, basisOf, groupText, hasPlace, labelOf } from "./seen.js";
import { say } from "./words.js";

const PAD = { left: 64, right: 24, top: 44, bottom: 46 };
const TICKS = 6;

/** Draws into `context` (w x h); returns [{key, id, x, y}] of the objects. */
export function drawProfile(context, w, h, store, items) {
  const ways = items.filter((i) => i.what === "fused").map((item) => wayOf(item, store));
  ways.push(...items.filter((i) => i.first).map(({ key, first, group }) => wayOf({ key, mark: first, group }, store)));
  const farthest = Math.max(100, ...ways.flatMap((way) => way.points.map((p) => p.km)));
  const highest = Math.max(50, ...ways.flatMap((way) => way.points.map((p) => p.alt)));
  const x = (km) => PAD.left + (km / (farthest * 1.05)) * (w - PAD.left - PAD.right);
  const y = (alt) => h - PAD.bottom - (Math.max(alt, 0) / (highest * 1.12)) * (h - PAD.top - PAD.bottom);
  context.fillStyle = INK.sea;
  context.fillRect(0, 0, w, h);
  axes(context, w, h, x, y, farthest, highest);
  const labels = new Labels(context, w, h);
  const chosen = (way) => way.item.mark.id === store.ui.selected;
  ways.sort((a, b) => chosen(b) - chosen(a)); // its label comes first
  return ways.map((way) => drawWay(context, way, x, y, store, labels));
}

function wayOf(item, store) {
  const { flown, unseen, ahead } = pathOf(item.mark, store.trails.get(item.mark.id), store.view.now);
  const measured = flown.length;
  const now = measured + Math.max(unseen.length - 1, 0);
  let km = 0;
  const points = [...flown, ...unseen.slice(1), ...ahead.slice(1)].map(([, lat, lon, alt], i, all) => {
    if (i) km += groundKm([all[i - 1][2], all[i - 1][1]], [lon, lat]);
    return { km, alt };
  });
  const parts = [points.slice(0, measured), points.slice(measured - 1, now), points.slice(now - 1)];
  return { item, points, parts, here: points[now - 1], seen: points[measured - 1] };
}

function axes(c, w, h, x, y, farthest, highest) {
  c.font = "12px system-ui, sans-serif";
  c.lineWidth = 1;
  for (const km of ticks(farthest)) grid(c, x(km), PAD.top, x(km), h - PAD.bottom, String(km), x(km) - 12, h - PAD.bottom + 18);
  for (const alt of ticks(highest)) grid(c, PAD.left, y(alt), w - PAD.right, y(alt), String(alt), 22, y(alt) + 4);
  c.fillStyle = INK.text;
  c.fillText(say("profile.x"), w / 2 - 50, h - 8);
  c.fillText(say("profile.y"), 12, PAD.top - 10);
}

function grid(c, x1, y1, x2, y2, text, tx, ty) {
  c.strokeStyle = INK.land;
  c.beginPath();
  c.moveTo(x1, y1);
  c.lineTo(x2, y2);
  c.stroke();
  c.fillStyle = INK.dim;
  c.fillText(text, tx, ty);
}

/** About TICKS round numbers from 0 to `most`. */
function ticks(most) {
  const raw = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  return Array.from({ length: Math.floor((most * 1.05) / step) + 1 }, (_, i) => i * step);
}

const STROKES = [[[], 2.4], [[2, 4], 1.5], [[7, 6], 1.5]]; // measured, predicted up to now, predicted

function drawWay(c, { item, parts, here, seen }, x, y, store, labels) {
  const { mark } = item;
  const chosen = !store.ui.selected || mark.id === store.ui.selected;
  c.globalAlpha = chosen ? 1 : 0.45;
  c.strokeStyle = c.fillStyle = INK.fused;
  parts.forEach((part, i) => {
    c.beginPath();
    part.forEach((p, j) => (j ? c.lineTo(x(p.km), y(p.alt)) : c.moveTo(x(p.km), y(p.alt))));
    const [dash, width] = STROKES[i];
    c.setLineDash(dash);
    c.lineWidth = width;
    c.stroke();
  });
  c.setLineDash([]);
  const top = hasPlace(mark) ? here : seen;
  const at = top ? [x(top.km), y(mark.life === "impacted" ? 0 : top.alt)] : [x(0), y(0)];
  c.beginPath();
  if (hasPlace(mark)) c.arc(...at, 5, 0, 2 * Math.PI);
  if (basisOf(mark) === MEASURED) c.fill();
  else {
    c.setLineDash([2, 2]);
    c.stroke();
    c.setLineDash([]);
    c.fillRect(x(seen.km) - 1, y(seen.alt) - 5, 2, 10);
  }
  labels.put(item.group ? `${item.group.id} · ${groupText(item.group)}` : labelOf(mark, store.view.now), at[0], at[1], INK.fused, INK.halo, true);
  c.globalAlpha = 1;
  return { key: item.key, id: item.group?.id ?? mark.id, x: at[0], y: at[1] };
}
