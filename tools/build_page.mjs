// Land outlines as GeoJSON, and the page's modules as plain ES modules that need no other request.
// Usage: node tools/build_page.mjs OUT STATES   (STATES: where build_data.py reads the US states' GeoJSON)
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { feature } from "topojson-client";

const [out, states] = process.argv.slice(2);
const DIGITS = 1e3; // 0.001 degree, 110 m: finer than the 1:50m source
const round = (_, value) => (typeof value === "number" ? Math.round(value * DIGITS) / DIGITS : value);
const MODULES = ["d3-geo"]; // what src/tocsin/page/static imports as ./vendor/NAME.js

async function unpack(topology_file, name, geojson_file, replacer) {
  const topology = JSON.parse(await readFile(`node_modules/${topology_file}`, "utf8"));
  await writeFile(geojson_file, JSON.stringify(feature(topology, topology.objects[name]), replacer));
}

await mkdir(out, { recursive: true });
for (const scale of ["110m", "50m"]) {
  await unpack(`world-atlas/land-${scale}.json`, "land", join(out, `land-${scale}.json`), round);
}
await unpack("us-atlas/states-10m.json", "states", states);

const vendor = join(out, "vendor");
await rm(vendor, { recursive: true, force: true });
await build({
  entryPoints: MODULES,
  outdir: vendor,
  bundle: true,
  splitting: true, // one copy of what two modules share
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "eof",
  logLevel: "warning",
});
// Each module keeps its licence beside it, those of its dependencies included.
const licences = [];
for (const name of [...MODULES, "d3-array", "internmap"]) {
  licences.push(`${name}\n\n${await readFile(`node_modules/${name}/LICENSE`, "utf8")}`);
}
await writeFile(join(vendor, "LICENSES.txt"), licences.join("\n----\n\n"));
