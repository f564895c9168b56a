// The way of one object in time order. Points are [t, lat, lon, alt km].
import { anyPlace, hasPlace } from "./seen.js";

/**
 * {flown, unseen, ahead}: flown and measured; predicted since it was last measured; predicted from now on. What was
 * flown is the predicted arc's past, or where the object was shown before it had one.
 */
export function pathOf(mark, trail, now) {
  const arc = mark.arc ?? [];
  const start = arc.length ? arc[0][0] : Infinity;
  const until = mark.seen ? Math.min(mark.last, now) : now;
  const measured = [until, ...(mark.seen ?? anyPlace(mark))];
  const before = (p) => p[0] < until;
  const flown = (trail ?? []).filter((p) => p[0] < start && before(p)).concat(arc.filter(before));
  if (mark.launch && (!flown.length || flown[0][0] > mark.launch.t)) {
    flown.unshift([mark.launch.t, mark.launch.lat, mark.launch.lon, 0]);
  }
  if (mark.life === "impacted") return { flown, unseen: [], ahead: [] };
  flown.push(measured);
  const since = arc.filter((p) => p[0] > until && p[0] <= now);
  if (!mark.seen) return { flown, unseen: [], ahead: [measured, ...arc.filter((p) => p[0] > now)] };
  if (!hasPlace(mark)) return { flown, unseen: [measured, ...since], ahead: [] };
  const here = [now, mark.lat, mark.lon, mark.alt];
  return { flown, unseen: [measured, ...since, here], ahead: [here, ...arc.filter((p) => p[0] > now)] };
}
