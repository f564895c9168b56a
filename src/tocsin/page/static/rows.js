// Items of the map as rows of the table: what, name, source, place, altitude, speed, time, uncertainty, state.
import { countdown, number, percent, place, utc } from "./format.js";
import { call, say } from "./words.js";

export function rowOf(item, view, areaName) {
  const row = ROWS[item.what](item, view, areaName);
  const id = item.mark && item.what !== "air" && ["fused", "launch", "impact", "apogee"].includes(item.what) ? item.mark.id : null;
  return { key: item.key, class: `item-${item.what}`, pick: id, cells: [say(`what.${item.what}`), ...row] };
}

function track({ mark }) {
  return [
    mark.identity ?? mark.id,
    mark.sources.join(" "),
    place(mark.lat, mark.lon),
    number(mark.alt, mark.kind === "air" ? 1 : 0),
    number(mark.speed, 2),
    utc(mark.last),
    mark.sigma_km < 0 ? "–" : `${number(mark.sigma_km * 2, mark.sigma_km < 5 ? 1 : 0)} km`,
    `${call("life", mark.life)} · ${call("phase", mark.phase)}`,
  ];
}

function spot({ mark, spot: s }, view) {
  const [a, b, bearing] = s.ellipse;
  const size = `${number(a, a < 10 ? 1 : 0)} × ${number(b, b < 10 ? 1 : 0)} km / ${number(bearing)}°`;
  return [mark.id, mark.sources.join(" "), place(s.lat, s.lon), "0", "–", utc(s.t), size, countdown(s.t, view.now)];
}

const ROWS = {
  fused: track,
  own: track,
  partner: track,
  air: track,
  other: (item) => {
    const [name, , ...rest] = track(item);
    return [`${item.nation} ${name}`, item.mark.sources.join(" "), ...rest];
  },
  launch: spot,
  impact: spot,
  apogee: ({ mark, top }, view) => [
    mark.id,
    mark.sources.join(" "),
    place(top[1], top[2]),
    number(mark.apogee_km),
    "–",
    utc(mark.apogee),
    "–",
    countdown(mark.apogee, view.now),
  ],
  area: ({ risk }, view, areaName) => [
    `${areaName(risk.area)} (${risk.area})`,
    risk.id,
    "–",
    "–",
    "–",
    utc(risk.enter),
    `${say("area.impact")} ${percent(risk.impact)} · ${say("area.over")} ${percent(risk.over)}`,
    `${say("level")} ${risk.level} · ${countdown(risk.enter, view.now)}`,
  ],
  sensor: ({ sensor }) => [
    sensor.id,
    call("sensorkind", sensor.kind),
    sensor.lat_deg === null ? "–" : place(sensor.lat_deg, sensor.lon_deg, 1),
    "–",
    "–",
    "–",
    "–",
    sensor.silent ? say("sensor.silent") : say("sensor.ok"),
  ],
};
