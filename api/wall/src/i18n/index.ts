/** The languages of the wall, one file each; French is the reference. */

import { en } from "./en.ts";
import { fr } from "./fr.ts";
import type { Plural, Words } from "./words.ts";

export type { Words } from "./words.ts";

export type Lang = "fr" | "en";
export const LANGUAGES: Readonly<Record<Lang, Words>> = { fr, en };

/** Returns the language of a screen: its address's, else the server's, else French; a kiosk's browser has none. */
export function pickLang(asked: Lang | null, server: string): Lang {
  return asked ?? (server in LANGUAGES ? (server as Lang) : "fr");
}

/** Returns a sentence with its places filled. */
export function fill(text: string, places: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(places[name] ?? whole));
}

/** Returns a counted thing in words. */
export function plural(words: Words, forms: Plural, n: number, shown: string = String(n)): string {
  const form = new Intl.PluralRules(words.locale).select(n) === "one" ? forms.one : forms.other;
  return fill(form, { n: shown });
}
