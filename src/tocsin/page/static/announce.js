// What a screen reader is told at once: new objects, their first predicted impact, released warnings. Each once.
import { h } from "./dom.js";
import { utc } from "./format.js";
import { queueOf } from "./items.js";
import { PREDICTED, basisOf } from "./seen.js";
import { call, say } from "./words.js";

const MOST = 4; // lines kept

export function makeAnnouncer(areaName) {
  const node = h("div", { id: "announce", class: "unseen", "aria-live": "assertive", role: "log" });
  const said = new Set();

  function tell(key, text) {
    if (said.has(key)) return;
    said.add(key);
    node.append(h("p", {}, text));
    while (node.children.length > MOST) node.firstChild.remove();
  }

  function draw({ view }) {
    if (!view) return;
    for (const mark of queueOf(view)) {
      tell(`new ${mark.id}`, say("say.new", { id: mark.id, kind: call("kind", mark.kind) }));
      if (basisOf(mark) === PREDICTED && mark.life === "coasting") tell(`coasting ${mark.id}`, say("say.coasting", { id: mark.id }));
      if (mark.impact) tell(`impact ${mark.id}`, say("say.impact", { id: mark.id, time: utc(mark.impact.t) }));
    }
    for (const warning of view.warnings) {
      const names = warning.areas.map(([code]) => areaName(code)).join(", ");
      if (warning.released) tell(`warning ${warning.id} ${warning.serial}`, say(`say.${warning.type}`, { areas: names }));
    }
  }

  return { node, draw };
}
