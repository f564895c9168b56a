// What stands on the map, as one list: the map draws it and the table prints it, so neither can hold what the other lacks.
import { isOver } from "./seen.js";

/** Items of a view with the layers the viewer wants, gravest first. Each has a unique key and a kind `what`. */
export function itemsOf(store) {
  const { view, ui, others } = store;
  if (!view) return [];
  const on = (layer) => ui.layers.has(layer);
  const items = [];
  const closed = on("fused") ? (view.groups ?? []).filter((group) => !store.isOpen(group)) : [];
  for (const group of closed) items.push(...groupItems(group, view));
  const hidden = new Set(closed.flatMap((group) => group.members));
  for (const mark of view.marks) {
    if (mark.life === "merged") continue; // drawn under its other name
    if (mark.layer === "fused" && hidden.has(mark.id)) continue;
    if (mark.kind === "air") {
      if (on("air")) items.push({ key: `air ${mark.id}`, what: "air", mark });
    } else if (on(mark.layer)) {
      items.push({ key: `${mark.layer} ${mark.sources.join("+")} ${mark.id}`, what: mark.layer, mark });
      if (mark.layer === "fused") items.push(...pointsOf(mark));
    }
  }
  if (on("areas")) for (const risk of risksOf(view)) items.push({ key: `area ${risk.area}`, what: "area", risk });
  if (on("sensors")) {
    for (const sensor of view.sensors) items.push({ key: `sensor ${sensor.id}`, what: "sensor", sensor });
  }
  for (const [nation, other] of Object.entries(others)) {
    for (const mark of on("partner") ? other.marks : []) {
      if (mark.layer === "fused" && mark.kind !== "air" && mark.life !== "merged") {
        items.push({ key: `other ${nation} ${mark.id}`, what: "other", nation, mark });
      }
    }
  }
  return items.sort((a, b) => ORDER.indexOf(a.what) - ORDER.indexOf(b.what));
}

const OVERFLIGHT_LEVEL = 2; // the levels above speak of impact
const ORDER = ["group", "fused", "impact", "region", "launch", "apogee", "area", "own", "partner", "other", "sensor", "air"];

/** A group that is shown as one: itself and, where any of its objects comes down, one impact. */
function groupItems(group, view) {
  const marks = view.marks.filter((mark) => mark.layer === "fused" && group.members.includes(mark.id));
  const sources = [...new Set(marks.flatMap((mark) => mark.sources))].sort();
  const mark = { id: group.id, life: "confirmed", sources, impact: group.impact };
  const items = [{ key: `group ${group.id}`, what: "group", group, mark, first: marks[0] }];
  if (group.impact) items.push({ key: `impact ${group.id}`, what: "impact", mark, spot: group.impact });
  return items;
}

function pointsOf(mark) {
  const items = [];
  if (mark.launch) items.push({ key: `launch ${mark.id}`, what: "launch", mark, spot: mark.launch });
  if (mark.impact) items.push({ key: `impact ${mark.id}`, what: "impact", mark, spot: mark.impact });
  if (mark.region) items.push({ key: `region ${mark.id}`, what: "region", mark, region: mark.region });
  const top = apogeeOf(mark);
  if (top) items.push({ key: `apogee ${mark.id}`, what: "apogee", mark, top });
  return items;
}

/** The arc's point nearest in time to the apogee: [t, lat, lon, alt]. */
function apogeeOf(mark) {
  if (!mark.arc || !mark.arc.length || !mark.apogee) return null;
  const off = (point) => Math.abs(point[0] - mark.apogee);
  return mark.arc.reduce((best, point) => (off(point) < off(best) ? point : best));
}

/** The gravest risk of each area over all objects that still fly, gravest first. */
export function risksOf(view) {
  const worst = new Map();
  for (const mark of view.marks) {
    if (mark.life === "impacted") continue;
    for (const risk of mark.risks ?? []) {
      if (passed(risk, view.now)) continue;
      const known = worst.get(risk.area);
      if (!known || risk.level > known.level || (risk.level === known.level && risk.impact > known.impact)) {
        worst.set(risk.area, { ...risk, id: mark.id });
      }
    }
  }
  return [...worst.values()].sort((a, b) => b.level - a.level || b.impact - a.impact || a.area.localeCompare(b.area));
}

/** True when an area was overflown and no impact is to be expected in it. */
export function passed(risk, now) {
  return risk.level <= OVERFLIGHT_LEVEL && risk.leave !== undefined && risk.leave < now;
}

/** Objects of the alert queue: not air traffic; what still flies first, then by time of impact. */
export function queueOf(view) {
  const over = (mark) => (isOver(mark) ? 1 : 0);
  return view.marks
    .filter((mark) => mark.layer === "fused" && mark.kind !== "air")
    .sort((a, b) => over(a) - over(b) || (a.impact?.t ?? Infinity) - (b.impact?.t ?? Infinity) || a.first - b.first);
}

/** The alert queue's entries: {mark}, or {group, marks} at the place of its most urgent one; the tracks of a group that is open follow it. */
export function entriesOf(store) {
  const { view } = store;
  const of = new Map((view.groups ?? []).flatMap((group) => group.members.map((id) => [id, group])));
  const together = new Map();
  const entries = [];
  for (const mark of queueOf(view)) {
    const group = of.get(mark.id);
    if (!group) entries.push([{ mark }]);
    else if (together.has(group)) together.get(group).push(mark);
    else {
      together.set(group, [mark]);
      entries.push([{ group, marks: together.get(group) }]);
    }
  }
  return entries.flatMap(([entry]) => (entry.group && store.isOpen(entry.group) ? [entry, ...entry.marks.map((mark) => ({ mark }))] : [entry]));
}

const PREFIX = { USA: "US-", KOR: "KR-", JPN: "JP-" };

/** True for the code of a sea area, which is ours and not ISO 3166-2's. */
export function isSea(code) {
  return code.includes("-SEA-");
}

/** An object's risks to people on land of the desk's own nation. */
export function mine(mark, nation) {
  return (mark.risks ?? []).filter((risk) => risk.area.startsWith(PREFIX[nation]) && !isSea(risk.area));
}
