// The three catalogues and the way to say something from them.
import { en } from "./lang/en.js";
import { ko } from "./lang/ko.js";
import { ja } from "./lang/ja.js";

const catalogues = { en, ko, ja };
let current = en;

export const LANGUAGES = Object.keys(catalogues);

export function speak(lang) {
  current = catalogues[lang];
  document.documentElement.lang = lang;
}

/** The text of a key, `{name}` filled in. An unknown key is shown as it is: a fault one can see. */
export function say(key, values) {
  const text = current[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "") : text;
}

/** What a code word of the feed (a phase, a class ...) is called; an unknown one as it is. */
export function call(group, code) {
  return current[`${group}.${code}`] ?? code;
}
