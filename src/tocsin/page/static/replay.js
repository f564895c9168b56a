// A recorded run: the same desk over the views in this file, with a slider instead of the feed.
import { openDesk } from "./desk.js";
import { h, setAttribute, setText } from "./dom.js";
import { clock, day } from "./format.js";
import { Store } from "./store.js";
import { LANGUAGES, say } from "./words.js";

const PLAY_MS = 120; // wall time of one step when playing
const OPENING_MS = 20_000; // scenario time after the first release
const PARTS = 400; // steps of the slider over the whole run

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).json();
}

class Run {
  constructor(store, views) {
    this.store = store;
    this.views = views;
    this.nations = Object.keys(views);
    const times = this.nations.flatMap((n) => views[n].map((v) => v.now));
    this.from = Math.min(...times);
    this.to = Math.max(...times);
    this.step = Math.max(1000, Math.round((this.to - this.from) / PARTS));
    this.nation = this.nations[0];
    this.timer = null;
  }

  /** Where the run opens: shortly after the first warning went out, else in its middle. */
  opening() {
    const released = this.nations.flatMap((n) => this.views[n].flatMap((v) => v.warnings.map((w) => w.released ?? Infinity)));
    const first = Math.min(...released);
    return Number.isFinite(first) ? first + OPENING_MS : (this.from + this.to) / 2;
  }

  /** The newest view of a nation at a time, and those before it. */
  upTo(nation, t) {
    const past = this.views[nation].filter((v) => v.now <= t);
    return past.length ? past : this.views[nation].slice(0, 1);
  }

  go(t) {
    this.t = Math.max(this.from, Math.min(this.to, t));
    const past = this.upTo(this.nation, this.t);
    const others = this.nations.filter((n) => n !== this.nation).map((n) => [n, this.upTo(n, this.t).at(-1)]);
    document.documentElement.dataset.nation = this.nation;
    this.store.retrace(past);
    this.store.show(past.at(-1), Object.fromEntries(others));
  }

  choose(nation) {
    this.nation = nation;
    this.store.set({ selected: this.alike(nation) });
    this.go(this.t);
    this.store.rebuild();
  }

  /** The object of another desk that shares a source with the chosen one. */
  alike(nation) {
    const chosen = this.store.selectedMark();
    const sources = new Set((chosen?.members ?? []).map(String));
    const marks = this.upTo(nation, this.t).at(-1).marks.filter((m) => m.layer === "fused");
    return marks.find((m) => (m.members ?? []).some((member) => sources.has(String(member))))?.id ?? null;
  }

  play() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = null;
    } else {
      if (this.t >= this.to) this.go(this.from);
      this.timer = setInterval(() => {
        this.go(this.t + this.step);
        if (this.t >= this.to) this.play();
      }, PLAY_MS);
    }
    this.store.touch();
  }
}

function controls(run, meta) {
  const slider = h("input", { type: "range", min: run.from, max: run.to, step: 1000, "aria-label": say("run.time"), oninput: (e) => run.go(Number(e.target.value)) });
  const time = h("output", {});
  const play = h("button", { type: "button", onclick: () => run.play() });
  const desks = run.nations.map((n) => h("button", { type: "button", "aria-pressed": String(n === run.nation), onclick: () => run.choose(n) }, n));
  const facts = Object.entries(meta).flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]);
  const node = h("section", { id: "run", "aria-label": say("run") },
    say("run.desk"), h("div", { role: "group", "aria-label": say("run.desk") }, desks), play, slider, time,
    h("details", {}, h("summary", {}, say("run.about")), h("dl", {}, facts)));
  const draw = () => {
    if (Number(slider.value) !== run.t) slider.value = run.t;
    const shown = run.store.view?.now ?? run.t;
    setText(time, `${day(shown)} ${clock(shown)}Z`);
    setAttribute(slider, "aria-valuetext", time.textContent);
    setText(play, say(run.timer ? "run.pause" : "run.play"));
  };
  const keys = { ",": () => run.go(run.t - run.step), ".": () => run.go(run.t + run.step), " ": () => run.play() };
  return { node, draw, keys, sheet: [[", . Space", "key.run"]] };
}

async function open() {
  const { meta, views, maps } = await unpack(document.getElementById("run-data").textContent);
  const store = new Store(LANGUAGES);
  store.link = { state: "replay", heard: 0 };
  const run = new Run(store, views);
  run.go(run.opening());
  openDesk(document.getElementById("app"), store, { coarse: maps.coarse, fine: null, areas: maps.areas }, () => controls(run, meta));
}

open();
