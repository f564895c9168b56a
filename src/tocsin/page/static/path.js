// The way of one object in time order: flown up to now, ahead of it after now. Points are [t, lat, lon, alt km].

/** {flown, ahead}: what was flown is the predicted arc's past, or where the object was shown before it had one. */
export function pathOf(mark, trail, now) {
  const arc = mark.arc ?? [];
  const here = [now, mark.lat, mark.lon, mark.alt];
  const start = arc.length ? arc[0][0] : Infinity;
  const flown = (trail ?? []).filter((p) => p[0] < start && p[0] < now).concat(arc.filter((p) => p[0] <= now));
  if (mark.launch && (!flown.length || flown[0][0] > mark.launch.t)) {
    flown.unshift([mark.launch.t, mark.launch.lat, mark.launch.lon, 0]);
  }
  if (mark.life === "impacted") return { flown, ahead: [] };
  return { flown: [...flown, here], ahead: [here, ...arc.filter((p) => p[0] > now)] };
}
