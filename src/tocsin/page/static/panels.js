// The panels beside the map. Each makes its elements once and returns {node, draw(store)}.
import { h, setAttribute, setText } from "./dom.js";
import { countdown, number, percent, place, span, spread, utc } from "./format.js";
import { entriesOf, mine, passed } from "./items.js";
import { MEASURED, UNSEEN, basisOf, groupText, hasPlace, impactPassed, isOver, lastSeen, shortNote, stateOf } from "./seen.js";
import { makeTable } from "./table.js";
import { call, say } from "./words.js";

const NATIONS = ["USA", "KOR", "JPN"];

function panel(title, id, ...content) {
  return h("section", { class: "panel", id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...content);
}

function badge(level) {
  return level ? { text: String(level), class: `level level-${level}`, title: say(`level.${level}`) } : "–";
}

/** What flies, the most urgent first, with the time left to impact and to this nation's own areas. */
export function queuePanel(store, pick) {
  const table = makeTable(say("queue"), [
    { label: say("level.short"), class: "narrow", title: say("level") },
    { label: say("object") },
    { label: say("impact.in"), class: "number" },
    { label: say("mine.in"), class: "number" },
  ], pick);
  const draw = ({ view, ui }) => table.update(view ? entriesOf(store).map((entry) => (entry.group ? groupRow(entry, view, store) : queueRow(entry.mark, view, ui))) : [], say(view ? "queue.none" : "waiting"));
  return { node: panel(say("queue"), "queue", table.node), draw };
}

function queueRow(mark, view, ui) {
  const all = mine(mark, view.nation);
  const ahead = all.filter((risk) => !passed(risk, view.now));
  const own = ahead.filter((risk) => risk.enter !== undefined).sort((a, b) => a.enter - b.enter)[0];
  const grave = Math.max(0, ...ahead.map((risk) => risk.level));
  const ended = isOver(mark);
  const time = (t, text) => ({ text: `${text ?? countdown(t, view.now)}\n${utc(t)}`, title: text ?? utc(t), class: "count" });
  const unobserved = impactPassed(mark, view.now) ? say("queue.passed") : null;
  return {
    key: mark.id,
    pick: mark.id,
    selected: mark.id === ui.selected,
    class: ended ? "over" : null,
    cells: [
      badge(grave),
      objectCell(mark, view, ended),
      mark.impact ? time(mark.impact.t, unobserved) : mark.phase === "boost" ? say("boosting") : "–",
      own ? time(own.enter, over(own, view.now) ? say("mine.now") : null) : mark.impact ? say(all.length ? "mine.passed" : "mine.none") : "–", // not known before burnout
    ],
  };
}

/** A group in one row: its gravest level and its earliest times are those of its tracks. */
function groupRow({ group, marks }, view, store) {
  const ahead = marks.flatMap((mark) => mine(mark, view.nation)).filter((risk) => !passed(risk, view.now));
  const enters = ahead.map((risk) => risk.enter).filter((t) => t !== undefined);
  const impacts = marks.map((mark) => mark.impact?.t).filter((t) => t !== undefined);
  const time = (t) => ({ text: `${countdown(t, view.now)}\n${utc(t)}`, title: utc(t), class: "count" });
  return {
    key: group.id,
    pick: group.id,
    selected: false,
    class: "group",
    cells: [
      badge(Math.max(0, ...ahead.map((risk) => risk.level))),
      { text: `${store.isOpen(group) ? "▾" : "▸"} ${group.id}\n${groupText(group)}`, title: say("group.hint", { n: group.members.length, range: `${group.count[0]}–${group.count[2]}` }), class: "two-line" },
      impacts.length ? time(Math.min(...impacts)) : "–",
      enters.length ? time(Math.min(...enters)) : impacts.length ? say("mine.none") : "–",
    ],
  };
}

function objectCell(mark, view, ended) {
  const note = shortNote(mark, view.now);
  if (note) return { text: `${mark.id}\n${note}`, class: "two-line", title: stateOf(mark, view.now) };
  return { text: `${mark.id}\n${call(ended ? "life" : "phase", ended ? mark.life : mark.phase)}`, class: "two-line whole" };
}

/** True while the object is over the area. */
function over(risk, now) {
  return risk.enter <= now && risk.leave !== undefined && now <= risk.leave;
}

/** Which nation's own sensors hold each object, as far as this desk (in a replay: every desk) knows. */
export function whoPanel(store, pick) {
  const columns = [{ label: say("object") }, ...NATIONS.map((n) => ({ label: n, class: "centre" }))];
  const table = makeTable(say("who"), columns, pick);
  const draw = ({ view, ui }) => table.update(view ? entriesOf(store).map((entry) => (entry.group ? whoGroup(entry, view) : whoRow(entry.mark, view, ui))) : [], say("queue.none"));
  return { node: panel(say("who"), "who", table.node, h("p", { class: "note" }, say("who.legend"))), draw };
}

function whoRow(mark, view, ui) {
  const cells = NATIONS.map((nation) => {
    const name = (key) => `${nation}: ${say(key)}`;
    if (mark.sources.includes(nation)) {
      const now = seenBy(mark, nation, view);
      return { text: now ? "●" : "○", title: name(now ? "who.own" : "who.saw"), class: "own" };
    }
    if (nation === view.nation) return { text: "◐", title: name("who.partner"), class: "partner" };
    return { text: "–", title: name("who.not") };
  });
  return { key: mark.id, pick: mark.id, selected: mark.id === ui.selected, cells: [mark.id, ...cells] };
}

/** Of a group: what is best known of any of its tracks. */
function whoGroup({ group, marks }, view) {
  const rows = marks.map((mark) => whoRow(mark, view, { selected: null }).cells.slice(1));
  const cells = NATIONS.map((_, i) => rows.map((row) => row[i]).sort((a, b) => SIGNS.indexOf(a.text) - SIGNS.indexOf(b.text))[0]);
  return { key: group.id, pick: group.id, selected: false, class: "group", cells: [group.id, ...cells] };
}

const SIGNS = ["●", "○", "◐", "–"];
const LATELY_MS = 10_000; // a track that was not seen for 8 s coasts, and word of it may be on its way for two more

/** True while a nation's own sensors see the object: a track of theirs in it was seen lately. */
function seenBy(mark, nation, view) {
  const theirs = new Set((mark.members ?? []).filter(([who]) => who === nation).map(([, id]) => id));
  const of = (other) => (other.layer === "own" ? view.nation : other.layer === "partner" ? other.sources[0] : null);
  return view.marks.some((other) => of(other) === nation && theirs.has(other.id) && view.now - other.last < LATELY_MS);
}

/** Everything known of the chosen object, each figure with its uncertainty and age. */
export function detailPanel(store, areaName) {
  const facts = h("dl", {});
  const hint = h("p", { class: "note" }, say("detail.none"));
  const heading = h("p", { class: "headline" });
  const table = makeTable(say("areas"), [
    { label: say("level.short"), class: "narrow", title: say("level") },
    { label: say("area") },
    { label: say("area.impact"), class: "number" },
    { label: say("area.over"), class: "number" },
    { label: say("area.enter"), class: "number" },
  ]);
  const draw = ({ view, ...rest }) => {
    const mark = view && store.selectedMark();
    hint.hidden = Boolean(mark);
    for (const node of [facts, heading, table.node]) node.hidden = !mark;
    if (!mark) return;
    setText(heading, headingOf(mark, view.now));
    fillFacts(facts, factsOf(mark, view));
    table.update((mark.risks ?? []).map((risk) => riskRow(risk, view, areaName)), say(mark.impact || mark.region ? "areas.none" : "detail.early"));
  };
  return { node: panel(say("detail"), "detail", hint, heading, facts, table.node), draw };
}

function headingOf(mark, now) {
  if (impactPassed(mark, now)) return `${mark.id} · ${say("basis.passed")}`;
  return mark.impact ? `${mark.id} · ${say("impact.in")} ${countdown(mark.impact.t, now)}` : mark.id;
}

function riskRow(risk, view, areaName) {
  const enter = risk.enter === undefined ? "–" : `${countdown(risk.enter, view.now)}\n${utc(risk.enter)}${risk.leave > risk.enter ? `\n– ${utc(risk.leave)}` : ""}`;
  const name = { text: `${areaName(risk.area)}\n${risk.area}`, class: "two-line" };
  return { key: risk.area, cells: [badge(risk.level), name, percent(risk.impact), percent(risk.over), { text: enter, class: "count" }] };
}

function factsOf(mark, view) {
  const ago = (t) => say("detail.ago", { s: span(Math.max(0, (view.now - t) / 1000)) });
  const facts = [
    ["detail.class", `${call("kind", mark.kind)} · ${call("life", mark.life)} · ${call("phase", mark.phase)}`],
    ["detail.sources", mark.sources.join(", ")],
    ...placeFacts(mark, view.now),
    ["detail.age", `${utc(mark.last)} (${ago(mark.last)})`],
  ];
  if (mark.confirmed) facts.push(["detail.confirmed", utc(mark.confirmed)]);
  if (mark.launch) facts.push(["detail.launch", spotText(mark.launch)]);
  if (mark.mishap) facts.push(["detail.mishap", mishapText(mark)]);
  if (mark.band) facts.push(["detail.arc", arcText(mark)]);
  facts.push(["detail.impact", impactText(mark)]);
  if (mark.apogee_km) facts.push(["detail.apogee", `${number(mark.apogee_km)} km, ${utc(mark.apogee)}`]);
  if (mark.made) facts.push(["detail.made", `${utc(mark.made)} (${ago(mark.made)})`]);
  return facts;
}

function placeFacts(mark, now) {
  const basis = basisOf(mark);
  const seen = mark.seen ? [["detail.seen", `${place(mark.seen[0], mark.seen[1])}, ${number(mark.seen[2], 1)} km`]] : [];
  if (!hasPlace(mark)) return [["detail.place", say(`basis.${basis}`)], ...seen];
  const sure = mark.sigma_km < 0 ? "" : ` ± ${spread(mark.sigma_km)}`;
  const how = basis === MEASURED ? "" : `\n${basis === UNSEEN ? lastSeen(mark, now) : say(`basis.${basis}`)}`;
  return [
    ["detail.place", `${place(mark.lat, mark.lon)}${sure}${how}`],
    ["detail.alt", `${number(mark.alt, 1)} km`],
    ["detail.speed", `${number(mark.speed, 2)} km/s, ${number(mark.course)}°`],
    ...(basis === UNSEEN ? [] : seen),
  ];
}

function impactText(mark) {
  if (mark.impact) return spotText(mark.impact);
  if (!mark.region) return say("detail.early");
  return say("detail.region", { from: utc(mark.region.earliest), to: utc(mark.region.latest) });
}

function arcText(mark) {
  const range = mark.range_km ? ` · ${number(mark.range_km)} km` : "";
  return `${call("band", mark.band)} · ${call("shape", mark.shape)}${range}`;
}

function mishapText(mark) {
  const pieces = mark.pieces > 1 ? ` · ${say("detail.pieces", { n: mark.pieces })}` : "";
  return `${call("mishap", mark.mishap)}${pieces}\n${utc(mark.mishap_t)}`;
}

function spotText(spot) {
  const [a, b, bearing] = spot.ellipse;
  return `${place(spot.lat, spot.lon)}\n95 %: ${number(a, 1)} × ${number(b, 1)} km / ${number(bearing)}°\n${utc(spot.t)} ± ${number(Math.ceil(spot.sigma_s * 2))} s`;
}

/** Set a list of [key, text] as terms and values, in place. */
function fillFacts(list, facts) {
  while (list.children.length > 2 * facts.length) list.lastChild.remove();
  facts.forEach(([key, text], i) => {
    if (!list.children[2 * i]) list.append(h("dt"), h("dd"));
    setText(list.children[2 * i], say(key));
    setText(list.children[2 * i + 1], text);
  });
}

/** Drafts and released warnings with their lead times: what waits for officers first, what is over last. */
export function warningsPanel(store, areaName) {
  const table = makeTable(say("warnings"), [{ label: say("warning") }, { label: say("warning.lead"), class: "number" }]);
  const rows = (view) => [...view.warnings].sort((a, b) => rank(a) - rank(b) || b.drafted - a.drafted).map((w) => warningRow(w, view, areaName));
  const conflicts = h("ul", { class: "alarms" });
  const theirs = h("ul", { class: "theirs" });
  const draw = ({ view }) => {
    table.update(view ? rows(view) : [], say("warnings.none"));
    conflicts.replaceChildren(...(view ? view.conflicts : []).map((c) => h("li", null, conflictText(c, areaName))));
    theirs.replaceChildren(...(view ? view.theirs : []).filter((w) => w.standing !== "expired").map((w) => h("li", { class: `standing-${w.standing.replace(" ", "-")}` }, theirsText(w, areaName))));
  };
  return { node: panel(say("warnings"), "warnings", conflicts, table.node, theirs), draw };
}

/** What a partner told its people, in one line: never as live once it is over. */
function theirsText(w, areaName) {
  const areas = w.areas.map(([code]) => areaName(code));
  const names = areas.slice(0, MOST_NAMES).join(", ") + (areas.length > MOST_NAMES ? ` +${areas.length - MOST_NAMES}` : "");
  const parts = [w.nation, call("standing", w.standing)];
  if (w.standing !== "cancelled") parts.push(call("certainty", w.certainty));
  return `${parts.join(" · ")} · ${names} · ${utc(w.sent)}`;
}

/** Another authority's contradiction, in one line. */
function conflictText(c, areaName) {
  return say("warning.conflict", { sender: c.office ?? c.sender, reason: call("conflict", c.reason), areas: c.areas.map(areaName).join(", ") });
}

const MOST_NAMES = 6; // of areas in a row; the rest is counted, the full list is the tooltip
const RANK = { drafted: 0, proposed: 0, released: 1, prepared: 2 };

function rank(w) {
  return RANK[w.status] ?? 3;
}

function warningRow(w, view, areaName) {
  const parts = [`${w.type === "Cancel" ? "⊘ " : ""}${call("msgtype", w.type)} ${w.short}`, call("draft", w.status)];
  if (w.type !== "Cancel") parts.push(call("certainty", w.certainty));
  if (w.purpose !== "warn") parts.push(call("purpose", w.purpose));
  if (w.restored) parts.push(say("warning.restored"));
  if (w.policy) parts.push(call("policy", w.policy));
  if (w.deadline) parts.push(`${call("outcome", w.outcome)} ${countdown(w.deadline, view.now)}`);
  if (w.missing) parts.push(say("warning.missing", { outlets: w.missing.join(", ") }));
  if (w.people) parts.push(say("warning.people", { count: people(w.people) }));
  const areas = areasText(w, areaName, MOST_NAMES);
  return {
    key: w.id,
    class: `draft-${w.status} type-${w.type}`,
    cells: [
      { text: `${parts.join(" · ")}\n${areas}`, class: "two-line", title: [w.id, ...(w.by ?? []), areasText(w, areaName, Infinity)].join("\n") },
      { text: `${leadText(w, view)}\n${utc(w.released ?? w.drafted)}`, title: lastStep(w), class: "count" },
    ],
  };
}

/** "overflight: Hokkaido, Aomori": the areas by what is expected there, at most `most` of each. */
function areasText(w, areaName, most) {
  const kinds = [...new Set(w.areas.map(([, threat]) => threat))].sort();
  return kinds.map((kind) => {
    const names = w.areas.filter(([, threat]) => threat === kind).map(([code]) => areaName(code));
    const more = names.length > most ? ` +${names.length - most}` : "";
    return `${call("threat", kind)}: ${names.slice(0, most).join(", ")}${more}`;
  }).join("\n");
}

/** People in the areas' cities, to two digits: the count is of cities and years old. */
function people(count) {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return (Math.round(count / step) * step).toLocaleString("en");
}

/** Lead time of what was released; of what is not, the time that is left. */
function leadText(w, view) {
  if (w.type === "Cancel" || !w.areas.length) return "–";
  if (w.lead_s !== undefined) return span(w.lead_s);
  return rank(w) === 0 ? countdown(Math.min(...w.areas.map(([, , t]) => t)), view.now) : "–";
}

function lastStep(w) {
  return w.released ? `${say("warning.released")} ${utc(w.released)}` : `${say("warning.drafted")} ${utc(w.drafted)}`;
}

/** What is wrong with the system itself, most urgent first; out of sight while nothing is. */
export function alarmsPanel() {
  const table = makeTable(say("alarms"), ["alarm.priority", "alarm", "alarm.about", "alarm.since"].map((key) => ({ label: say(key) })));
  const node = panel(say("alarms"), "alarms", table.node);
  const draw = ({ view }) => {
    const alarms = view?.alarms ?? [];
    node.hidden = alarms.length === 0;
    table.update(alarms.map(alarmRow), "");
  };
  return { node, draw };
}

const PRIORITY_SIGNS = { 1: "✕", 2: "▲", 3: "●" };

function alarmRow(alarm) {
  return {
    key: `${alarm.kind} ${alarm.about}`,
    class: `priority-${alarm.priority}`,
    cells: [
      { text: `${PRIORITY_SIGNS[alarm.priority]} ${alarm.priority}`, title: say(`priority.${alarm.priority}`) },
      { text: call("alarm", alarm.kind), title: alarm.detail },
      { text: alarm.about, title: alarm.detail },
      utc(alarm.since),
    ],
  };
}

/** Counts of the exchange, what was refused, and the sensors' health. */
export function footPanels() {
  const counts = h("dl", { class: "inline" });
  const refused = h("dl", { class: "inline" });
  const none = h("p", { class: "note" }, say("quarantine.none"));
  const sensors = makeTable(say("sensors"), ["sensors", "status", "sensor.plots", "sensor.age"].map((key, i) => ({ label: say(key), class: i > 1 ? "number" : null })));
  const draw = ({ view }) => {
    if (!view) return;
    const x = view.exchange;
    const keys = ["offered", "released", "withheld", "received", "copies", "receipted"];
    fillFacts(counts, [...keys.map((key) => [`exchange.${key}`, String(x[key] ?? 0)]), ...Object.entries(x.marked ?? {}).map(([mark, n]) => [`exchange.${mark}`, String(n)]), ["plots", String(view.plots)]]);
    const reasons = Object.entries(view.quarantined);
    none.hidden = reasons.length > 0;
    fillFacts(refused, reasons.map(([reason, n]) => [reason, String(n)]));
    setAttribute(refused, "class", reasons.length ? "inline alarm" : "inline");
    const own = [...view.sensors].sort((a, b) => b.silent - a.silent).map(sensorRow);
    const abroad = (view.silent_abroad || []).map((word) => abroadRow(word, view.now));
    sensors.update([...abroad, ...own], say("sensors.none"));
  };
  const node = h("footer", { id: "foot" }, panel(say("sensors"), "sensors", sensors.node), panel(say("quarantine"), "quarantine", refused, none), panel(say("exchange"), "exchange", counts));
  return { node, draw };
}

/** A partner's silent sensor, as that nation told us: [nation, sensor, since]. */
function abroadRow([nation, sensor, since], now) {
  return {
    key: `${nation}/${sensor}`,
    class: "silent",
    cells: [{ text: `${nation} ${sensor}`, title: say("sensor.abroad") }, `✕ ${say("sensor.silent")}`, "–", span((now - since) / 1000)],
  };
}

function sensorState(sensor, turned) {
  if (sensor.silent) return `✕ ${say("sensor.silent")}`;
  return turned ? `▲ ${say("sensor.turned")} ${offsets(sensor.offsets)}` : `● ${say("sensor.ok")}`;
}

/** A radar's constant errors with one sigma: metres of range, milliradians of azimuth and elevation. */
function offsets(o) {
  const mrad = (value) => (1e3 * value).toFixed(2);
  return `Δr ${o.range_m.toFixed(0)} ± ${o.range_sigma_m.toFixed(0)} m · Δaz ${mrad(o.az_rad)} ± ${mrad(o.az_sigma_rad)} mrad · Δel ${mrad(o.el_rad)} ± ${mrad(o.el_sigma_rad)} mrad`;
}

function sensorRow(sensor) {
  const turned = sensor.offsets?.large;
  return {
    key: sensor.id,
    class: sensor.silent || turned ? "silent" : null,
    cells: [
      { text: sensor.id, title: call("sensorkind", sensor.kind) },
      { text: sensorState(sensor, turned), title: sensor.offsets ? offsets(sensor.offsets) : "" },
      String(sensor.plots),
      sensor.age_s === null ? "–" : span(sensor.age_s),
    ],
  };
}
