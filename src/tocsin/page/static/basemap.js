// Land, grid and the areas' outlines, drawn into a canvas of their own and only when the camera moves: coarse at once, fine
// when it rests (a redraw of the fine outlines takes longer than ten frames).
import { geoGraticule, geoPath } from "./vendor/d3-geo.js";
import { isSea } from "./items.js";
import { INK } from "./palette.js";

const REST_MS = 220;

export class Basemap {
  /** `maps`: {coarse, fine (or null), areas}, GeoJSON. `done()` is called when the fine drawing is ready. */
  constructor(maps, done) {
    this.maps = maps;
    this.done = done;
    this.canvas = document.createElement("canvas");
    this.key = "";
    this.rest = 0;
    this.grid = geoGraticule().step([10, 10])();
  }

  /** The drawing for this projection; `key` changes whenever it must be drawn anew. */
  drawing(projection, key, w, h, ratio, nation, showAreas) {
    if (key !== this.key) {
      this.key = key;
      this.paint(projection, w, h, ratio, nation, showAreas, this.maps.coarse);
      clearTimeout(this.rest);
      if (this.maps.fine) {
        this.rest = setTimeout(() => {
          this.paint(projection, w, h, ratio, nation, showAreas, this.maps.fine);
          this.done();
        }, REST_MS);
      }
    }
    return this.canvas;
  }

  paint(projection, w, h, ratio, nation, showAreas, land) {
    this.canvas.width = w * ratio;
    this.canvas.height = h * ratio;
    const c = this.canvas.getContext("2d");
    c.scale(ratio, ratio);
    const path = geoPath(projection, c);
    const stroke = (shape, colour, width) => {
      c.beginPath();
      path(shape);
      c.strokeStyle = colour;
      c.lineWidth = width;
      c.stroke();
    };
    c.beginPath();
    path({ type: "Sphere" });
    c.fillStyle = INK.sea;
    c.fill();
    stroke(this.grid, INK.grid, 1);
    c.beginPath();
    path(land);
    c.fillStyle = INK.land;
    c.fill();
    stroke(land, INK.coast, 0.8);
    if (showAreas) {
      for (const feature of this.maps.areas.features) {
        if (isSea(feature.properties.iso)) continue; // drawn only where something is expected in them
        const own = feature.properties.nation === nation;
        stroke(feature, own ? INK.ownArea : INK.area, own ? 0.7 : 0.5);
      }
    }
    stroke({ type: "Sphere" }, INK.coast, 1);
  }
}
