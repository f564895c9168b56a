// The live page: load the maps, open the feed, open the desk.
import { openDesk } from "./desk.js";
import { follow } from "./feed.js";
import { Store } from "./store.js";
import { LANGUAGES } from "./words.js";

async function json(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}

const store = new Store(LANGUAGES);
const files = ["data/land-110m.json", "data/land-50m.json", "data/areas.json", "data/sea_areas.json"];
const [coarse, fine, areas, seas] = await Promise.all(files.map(json));
areas.features.push(...seas.features);
openDesk(document.getElementById("app"), store, { coarse, fine, areas });
follow(store);
