// Projections, heights above the globe, ellipses on the ground, distances.
import { geoAzimuthalEquidistant, geoDistance, geoOrthographic } from "./vendor/d3-geo.js";

const EARTH_KM = 6371;
const DEGREE = Math.PI / 180;
const MARGIN = 60; // px outside the canvas that outlines may run on
const FILL = 0.84; // of the canvas that a fit uses
const WIDEST = 0.9; // radians from the middle of a flat map that still look like themselves
const GLOBE_TILT = 8; // degrees that the globe is seen from below its middle, so that heights stand out
const LEAST_REACH = 0.48; // of the Earth's radius that a fitted globe shows at least
const CLOSEST_KM = 300; // no closer than this across, however small what is to be seen

/** A projection for a camera [lon, lat, px per radian] on a canvas of w x h. */
export function projectionFor(kind, camera, w, h) {
  const [lon, lat, scale] = camera;
  const projection = kind === "globe" ? geoOrthographic() : geoAzimuthalEquidistant().clipAngle(150);
  return projection
    .rotate([-lon, -lat])
    .translate([w / 2, h / 2])
    .scale(scale)
    .precision(0.4)
    .clipExtent([[-MARGIN, -MARGIN], [w + MARGIN, h + MARGIN]]);
}

/** Screen place of a point at a height, or null behind the Earth. On the flat map height does not move it. */
export function lifted(kind, projection, camera, w, h, lat, lon, altKm) {
  const away = geoDistance([lon, lat], [camera[0], camera[1]]);
  if (kind !== "globe") return away < 2.6 ? projection([lon, lat]) : null;
  const up = 1 + Math.max(altKm, 0) / EARTH_KM;
  if (away > Math.PI / 2 && up * Math.sin(away) < 1) return null;
  const [x, y] = projection([lon, lat]);
  return [w / 2 + (x - w / 2) * up, h / 2 + (y - h / 2) * up];
}

/** A camera that shows all points [lon, lat]; for the globe only turned to them, the whole disc in sight. */
export function fit(kind, points, w, h) {
  const middle = meanOf(points);
  if (kind === "globe") {
    const reach = Math.max(...points.map((p) => geoDistance(p, middle)));
    const size = Math.max(Math.sin(Math.min(reach, Math.PI / 2)), LEAST_REACH);
    return [middle[0], middle[1] - GLOBE_TILT, (0.46 * Math.min(w, h)) / size];
  }
  let camera = [...middle, 1];
  for (let turn = 0; turn < 3; turn++) {
    const flat = geoAzimuthalEquidistant().rotate([-camera[0], -camera[1]]).translate([0, 0]).scale(1);
    const seen = points.filter((p) => geoDistance(p, camera) < WIDEST * 1.6).map(flat);
    const [x0, x1] = extent(seen.map((p) => p[0]));
    const [y0, y1] = extent(seen.map((p) => p[1]));
    const least = CLOSEST_KM / EARTH_KM;
    const scale = FILL * Math.min(w / Math.max(x1 - x0, least), h / Math.max(y1 - y0, least));
    camera = [...flat.invert([(x0 + x1) / 2, (y0 + y1) / 2]), scale];
  }
  return camera;
}

/** A 95 % ellipse [a km, b km, bearing deg] about a place, as a closed ring of [lon, lat]. */
export function ring(lat, lon, ellipse, corners = 48) {
  const [a, b, bearing] = ellipse;
  const turn = bearing * DEGREE;
  return Array.from({ length: corners + 1 }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners;
    const along = Math.max(a, 0.1) * Math.cos(angle);
    const across = Math.max(b, 0.1) * Math.sin(angle);
    const course = turn + Math.atan2(across, along);
    return destination(lat, lon, course, Math.hypot(along, across));
  });
}

/** [lon, lat] reached over a great circle; the sphere is exact enough for a drawing. */
export function destination(lat, lon, course, km) {
  const d = km / EARTH_KM;
  const p = lat * DEGREE;
  const north = Math.asin(Math.sin(p) * Math.cos(d) + Math.cos(p) * Math.sin(d) * Math.cos(course));
  const east = Math.atan2(
    Math.sin(course) * Math.sin(d) * Math.cos(p),
    Math.cos(d) - Math.sin(p) * Math.sin(north),
  );
  return [((lon + east / DEGREE + 540) % 360) - 180, north / DEGREE];
}

/** Ground distance in km of two [lon, lat]. */
export function groundKm(a, b) {
  return geoDistance(a, b) * EARTH_KM;
}

function meanOf(points) {
  let [x, y, z] = [0, 0, 0];
  for (const [lon, lat] of points) {
    x += Math.cos(lat * DEGREE) * Math.cos(lon * DEGREE);
    y += Math.cos(lat * DEGREE) * Math.sin(lon * DEGREE);
    z += Math.sin(lat * DEGREE);
  }
  return [Math.atan2(y, x) / DEGREE, Math.atan2(z, Math.hypot(x, y)) / DEGREE];
}

function extent(values) {
  return [Math.min(...values), Math.max(...values)];
}

/** The middle [lat, lon] of a region's corners [[lat, lon], ...]. */
export function middleOf(corners) {
  const [lon, lat] = meanOf(corners.map((corner) => [corner[1], corner[0]]));
  return [lat, lon];
}
