// Items of the map as rows of the table, in the order of the columns in desk.js.
import { countdown, number, percent, place, spread, utc } from "./format.js";
import { middleOf } from "./geo.js";
import { groupText, hasPlace, impactPassed, stateOf } from "./seen.js";
import { call, say } from "./words.js";

const COLUMNS = ["name", "state", "place", "alt", "speed", "time", "sure", "source"];

export function rowOf(item, view, areaName) {
  const row = ROWS[item.what](item, view, areaName);
  const id = item.mark && item.what !== "air" && ["group", "fused", "launch", "impact", "region", "apogee"].includes(item.what) ? item.mark.id : null;
  const cells = COLUMNS.map((column) => row[column] ?? "–");
  return { key: item.key, class: `item-${item.what}`, pick: id, cells: [say(`what.${item.what}`), ...cells] };
}

function track({ mark }, view) {
  return {
    name: mark.identity ?? mark.id,
    state: stateOf(mark, view.now),
    place: hasPlace(mark) ? place(mark.lat, mark.lon) : "–",
    alt: number(mark.alt, mark.kind === "air" ? 1 : 0),
    speed: number(mark.speed, 2),
    time: utc(mark.last),
    sure: mark.sigma_km < 0 ? "–" : spread(mark.sigma_km),
    source: mark.sources.join(" "),
  };
}

function group({ group: g, mark }) {
  return {
    name: g.id,
    state: groupText(g),
    place: place(g.lat, g.lon),
    alt: number(g.alt),
    time: utc(g.since),
    sure: `± ${spread(g.size_sigma_km)}`,
    source: mark.sources.join(" "),
  };
}

function spot({ mark, spot: s, what }, view) {
  const [a, b, bearing] = s.ellipse;
  return {
    name: mark.id,
    state: what === "impact" && impactPassed(mark, view.now) ? say("basis.passed") : countdown(s.t, view.now),
    place: place(s.lat, s.lon),
    alt: "0",
    time: utc(s.t),
    sure: `${number(a, a < 10 ? 1 : 0)} × ${number(b, b < 10 ? 1 : 0)} km / ${number(bearing)}°`,
    source: mark.sources.join(" "),
  };
}

function region({ mark, region: where }, view) {
  return {
    name: mark.id,
    state: countdown(where.earliest, view.now),
    place: place(...middleOf(where.corners), 1),
    alt: "0",
    time: `${utc(where.earliest)}–${utc(where.latest)}`,
    source: mark.sources.join(" "),
  };
}

function apogee({ mark, top }, view) {
  return {
    name: mark.id,
    state: countdown(mark.apogee, view.now),
    place: place(top[1], top[2]),
    alt: number(mark.apogee_km),
    time: utc(mark.apogee),
    source: mark.sources.join(" "),
  };
}

function area({ risk }, view, areaName) {
  return {
    name: `${areaName(risk.area)} (${risk.area})`,
    state: `${say("level")} ${risk.level} · ${countdown(risk.enter, view.now)}`,
    time: utc(risk.enter),
    sure: `${say("area.impact")} ${percent(risk.impact)} · ${say("area.over")} ${percent(risk.over)}`,
    source: risk.id,
  };
}

function sensor({ sensor: s }) {
  return {
    name: s.id,
    state: s.silent ? say("sensor.silent") : say("sensor.ok"),
    place: s.lat_deg === null ? "–" : place(s.lat_deg, s.lon_deg, 1),
    source: call("sensorkind", s.kind),
  };
}

function other(item, view) {
  const row = track(item, view);
  return { ...row, name: `${item.nation} ${row.name}` };
}

const ROWS = { group, fused: track, own: track, partner: track, air: track, other, launch: spot, impact: spot, region, apogee, area, sensor };
