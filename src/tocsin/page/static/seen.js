// How an object's place is known, in words and for drawing. Nothing that was not measured is shown as if it had been.
import { span } from "./format.js";
import { call, say } from "./words.js";

export const MEASURED = "measured";
export const PREDICTED = "predicted";
export const PASSED = "passed";
export const UNSEEN = "unseen";

export function basisOf(mark) {
  return mark.basis ?? MEASURED;
}

/** True when the mark stands where it is believed to be now: measured or predicted. */
export function hasPlace(mark) {
  return mark.lat !== undefined && mark.lat !== null;
}

/** [lat, lon, alt km] of where it is shown or, with no place now, of where it was measured last. */
export function anyPlace(mark) {
  return hasPlace(mark) ? [mark.lat, mark.lon, mark.alt] : mark.seen;
}

/** "last seen 4 min 20 s ago" */
export function lastSeen(mark, now) {
  return say("seen.ago", { s: span(Math.max(0, (now - mark.last) / 1000)) });
}

function placeNote(mark, now) {
  const basis = basisOf(mark);
  if (basis === MEASURED) return null;
  const seen = lastSeen(mark, now);
  return basis === UNSEEN ? seen : `${say(`basis.${basis}`)}, ${seen}`;
}

/** "coasting · predicted place, last seen 4 min 20 s ago"; "confirmed · free flight" while it is measured. */
export function stateOf(mark, now) {
  const note = placeNote(mark, now);
  const phase = basisOf(mark) === PREDICTED || basisOf(mark) === PASSED ? null : call("phase", mark.phase);
  return [call("life", mark.life), phase, note].filter(Boolean).join(" · ");
}

/** True when nothing more will be said of it, at least under this name. */
export function isOver(mark) {
  return ["impacted", "lost", "merged"].includes(mark.life);
}

/** True when its predicted impact is over and nobody saw one. */
export function impactPassed(mark, now) {
  return Boolean(mark.impact) && mark.impact.t <= now && mark.life !== "impacted";
}

/** "predicted, last seen 4 min 20 s ago": as much of it as fits beside a sign or in a narrow column; null = measured. */
export function shortNote(mark, now) {
  const basis = basisOf(mark);
  if (basis === MEASURED) return null;
  return basis === PREDICTED ? `${say("predicted")}, ${lastSeen(mark, now)}` : lastSeen(mark, now);
}

/** "at least 95 objects together, 3.2 × 2.9 km": a radar may show several as one plot, so that no upper bound is told. */
export function groupText(group) {
  const [long, wide] = group.size;
  return say("group.of", { count: group.count[0], size: `${long.toFixed(1)} × ${wide.toFixed(1)}` });
}

/** What stands beside it on the map. */
export function labelOf(mark, now) {
  const height = hasPlace(mark) ? `${Math.round(mark.alt)} km` : null;
  return [mark.id, height, shortNote(mark, now)].filter(Boolean).join(" · ");
}
