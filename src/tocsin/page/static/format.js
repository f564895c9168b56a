// Numbers, times and places as text. Times come in as ms of UTC and stay UTC unless a zone is named.

const KST_JST_MS = 9 * 3600 * 1000; // UTC+9 both, no summer time

const pad = (n) => String(n).padStart(2, "0");

export function clock(ms) {
  const d = new Date(ms);
  return `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}:${pad(d.getUTCSeconds())}`;
}

export function utc(ms) {
  return ms === undefined || ms === null ? "–" : clock(ms) + "Z";
}

export function day(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}

export function local(ms) {
  return clock(ms + KST_JST_MS);
}

/** −02:26 before, +00:10 after; hours only when there are some. */
export function countdown(at, now) {
  if (at === undefined || at === null) return "–";
  const left = Math.ceil((at - now) / 1000);
  const s = Math.abs(left);
  const hours = s >= 3600 ? Math.floor(s / 3600) + ":" : "";
  return (left >= 0 ? "−" : "+") + hours + pad(Math.floor((s % 3600) / 60)) + ":" + pad(s % 60);
}

export function span(seconds) {
  const s = Math.round(seconds);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
}

export function number(value, digits = 0) {
  return value === undefined || value === null ? "–" : value.toFixed(digits);
}

/** ">99 %" and "<1 %": a chance is never shown as certain. */
export function percent(p) {
  if (!p) return "–";
  if (p < 0.01) return "<1 %";
  return p > 0.99 ? ">99 %" : `${Math.round(p * 100)} %`;
}

export function place(lat, lon, digits = 2) {
  const ns = lat >= 0 ? "N" : "S";
  const ew = lon >= 0 ? "E" : "W";
  return `${Math.abs(lat).toFixed(digits)}°${ns} ${Math.abs(lon).toFixed(digits)}°${ew}`;
}

/** Two sigma, about 95 %; never shown as nothing. */
export function spread(sigmaKm) {
  const km = sigmaKm * 2;
  return km < 0.1 ? "<0.1 km" : `${number(km, km < 10 ? 1 : 0)} km`;
}
