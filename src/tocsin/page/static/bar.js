// The bar above: plane, desk, clocks of scenario time, links, language. In EXERCISE it says so in three languages always.
import { h, setAttribute, setText } from "./dom.js";
import { clock, day, local, number } from "./format.js";
import { call, say } from "./words.js";

const STALE_S = 3; // wall seconds without a new picture: thirty missed ones
const SLOW_MS = 250; // PAGE.md's example shows 42 ms as good and 310 ms as slow
const SILENT_S = 5; // wall seconds without a partner's word
const NAMES = { en: "English", ko: "한국어", ja: "日本語" };
const ZONES = { JPN: "JST", KOR: "KST" };

export function makeBar(store, openHelp) {
  const { nation, plane } = document.documentElement.dataset;
  const utcClock = h("span", { class: "clock", id: "clock-utc" });
  const localClock = h("span", { class: "clock", id: "clock-local" });
  const scenario = h("span", { class: "scenario" });
  const feed = h("span", { id: "feed", role: "status" });
  const links = h("ul", { id: "links", "aria-label": say("links") });
  const language = h("select", { id: "language", "aria-label": say("language"), onchange: (e) => store.set({ lang: e.target.value }) },
    store.languages.map((lang) => h("option", { value: lang, lang, selected: lang === store.ui.lang }, NAMES[lang])));
  const marks = plane === "EXERCISE" ? ["EXERCISE", "訓練", "훈련"] : [plane];
  const node = h("header", { id: "bar" },
    h("div", { class: `plane plane-${plane}` }, marks.map((text) => h("strong", {}, text)),
      plane === "EXERCISE" ? h("span", { class: "unreal" }, say("exercise.label")) : null),
    h("h1", {}, h("b", {}, nation), " ", say(`nation.${nation}`)),
    scenario, utcClock, localClock, links, feed, language,
    h("button", { type: "button", onclick: openHelp, "aria-haspopup": "dialog" }, say("help"), " ", h("kbd", {}, "?")));

  function draw({ view, link }) {
    const stale = drawFeed(feed, link);
    setAttribute(document.body, "class", stale ? "stale" : null);
    if (!view) return;
    setText(scenario, view.scenario);
    setText(utcClock, `${day(view.now)} ${clock(view.now)}Z`);
    setText(localClock, `${local(view.now)} ${ZONES[view.nation] ?? "KST/JST"}`);
    drawLinks(links, view);
  }

  return { node, draw };
}

function drawFeed(node, link) {
  const age = (performance.now() - link.heard) / 1000;
  const bad = link.state === "lost" || (link.state === "live" && age > STALE_S);
  const text = link.state === "live" && bad ? say("feed.stale", { s: number(age) }) : say(`feed.${link.state}`);
  setText(node, `${bad ? "✕" : "●"} ${text}`);
  setAttribute(node, "class", bad ? "bad" : "good");
  return bad;
}

function drawLinks(list, view) {
  while (list.children.length > view.links.length) list.lastChild.remove();
  view.links.forEach((link, i) => {
    if (!list.children[i]) list.append(h("li"));
    const [state, sign] = stateOf(link);
    const figure = link.round_trip_ms === null ? "" : ` ${number(link.round_trip_ms)} ms`;
    const waiting = link.backlog ? ` · ${say("link.waiting", { n: link.backlog })}` : "";
    const name = call("link", state);
    setText(list.children[i], `${view.nation}↔${link.partner} ${sign}${state === "up" ? "" : ` ${name}`}${figure}${waiting}`);
    setAttribute(list.children[i], "class", `link-${state}`);
    setAttribute(list.children[i], "title", [name, ...link.paths_up, ...proofs(link)].join(", "));
  });
}

/** What else is known of a link: the last end-to-end proof, the age of the partner's hall, certificate, clock. */
function proofs(link) {
  const facts = [];
  const told = (key, value, blank, digits = 0) => value == null || facts.push(say(`link.${key}`, { [blank]: number(value, digits) }));
  told("missing", link.missing || null, "n");
  told("hall", link.hall_age_s, "s", 1);
  told("proof", link.proof_age_s, "s", 1);
  told("certificate", link.certificate_days, "n");
  told("clock", link.clock_offset_s, "s", 2);
  return facts;
}

function stateOf(link) {
  if (link.heard_age_s === null) return ["never", "✕"];
  if (link.heard_age_s > SILENT_S || !link.paths_up.length) return ["down", "✕"];
  if (link.missing) return ["withheld", "▲"];
  if (link.blind) return ["blind", "▲"];
  if (link.backlog > 100 || (link.round_trip_ms ?? 0) > SLOW_MS) return ["slow", "▲"];
  return ["up", "●"];
}
