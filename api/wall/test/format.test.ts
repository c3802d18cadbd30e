import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../src/format.ts";
import { fill, LANGUAGES, pickLang, plural } from "../src/i18n/index.ts";
import type { Target } from "../src/protocol.ts";

const { fr, en } = LANGUAGES;
const goal = (limits: Partial<Target>): Target => ({
  low: null, high: null, warning_low: null, warning_high: null, minimum_n: 20, ...limits,
});

test("no data is a dash, a count of nothing is 0", () => {
  assert.equal(format.inline(fr, "ratio", null), "—");
  assert.equal(format.inline(fr, "seconds", null), "—");
  assert.equal(format.inline(fr, "contacts", 0), "0");
});

test("shares are whole per cents, under ten with one decimal", () => {
  const shown = [0.744, 0.0412, 0.0999, 0, 1].map((v) => format.inline(fr, "ratio", v));

  assert.deepEqual(shown, ["74\u00a0%", "4,1\u00a0%", "10\u00a0%", "0\u00a0%", "100\u00a0%"]);
  assert.equal(format.inline(en, "ratio", 0.0412), "4.1\u00a0%");
});

test("durations are mm:ss, from an hour on h:mm:ss", () => {
  const shown = [0, 59.6, 252, 3599, 3600, 40_000].map((s) => format.inline(fr, "seconds", s));

  assert.deepEqual(shown, ["00:00", "01:00", "04:12", "59:59", "1:00:00", "11:06:40"]);
});

test("counts are grouped as the language does", () => {
  assert.equal(format.count(fr, 1240), "1\u202f240");
  assert.equal(format.count(en, 1240), "1,240");
});

test("agents are counted, rates are per hour, money has its currency behind it", () => {
  assert.equal(format.inline(fr, "agents", 42), "42");
  assert.equal(format.inline(fr, "number", 1.348), "1,35");
  assert.equal(format.inline(en, "per_hour", 7.26), "7.3\u00a0/h");
  assert.equal(format.inline(fr, "money:EUR", 4.5), "4,50\u00a0€");
  assert.equal(format.inline(en, "money:GBP", 1234.5), "1,234.50\u00a0£");
  assert.equal(format.gap(fr, "agents", 2, goal({ high: 0 })), "2 conseillers de trop");
  assert.equal(format.gap(fr, "money:EUR", 5.5, goal({ high: 4 })), "1,50\u00a0€ de trop");
});

test("time that people spent is in hours and minutes", () => {
  const shown = [0, 45_000, 60_000, 3_599_999, 9_000_000, 432_300_000].map(format.span);

  assert.deepEqual(shown, [
    "0\u00a0s", "45\u00a0s", "1\u00a0min", "1\u00a0h\u00a000", "2\u00a0h\u00a030", "120\u00a0h\u00a005",
  ]);
});

test("targets say which side is good", () => {
  assert.equal(format.target(fr, "seconds", goal({ high: 120 })), "≤\u00a002:00");
  assert.equal(format.target(fr, "ratio", goal({ low: 0.8 })), "≥\u00a080\u00a0%");
  assert.equal(format.target(fr, "seconds", goal({ low: 300, high: 360 })), "05:00 à 06:00");
  assert.equal(format.target(fr, "ratio", goal({})), null);
});

test("a gap is in points, minutes or contacts, and none inside of the target", () => {
  assert.equal(format.gap(fr, "ratio", 0.74, goal({ low: 0.8 })), "6 pts sous la cible");
  assert.equal(format.gap(fr, "ratio", 0.062, goal({ high: 0.05 })), "1,2 pt de trop");
  assert.equal(format.gap(fr, "ratio", 0.7999, goal({ low: 0.8 })), "0,1 pt sous la cible");
  assert.equal(format.gap(fr, "seconds", 192, goal({ high: 60 })), "02:12 de trop");
  assert.equal(format.gap(fr, "seconds", 40_000, goal({ high: 60 })), "11 h de trop");
  assert.equal(format.gap(en, "contacts", 6, goal({ high: 5 })), "1 contact too much");
  assert.equal(format.gap(fr, "ratio", 0.8, goal({ low: 0.8 })), null);
});

test("windows and segments have names that people use", () => {
  const names = ["live", "30m", "2h", "7d", "today", "interval", "day:1999-01-03"];

  assert.deepEqual(names.map((name) => format.window(fr, name)), [
    "maintenant", "30 min", "2 h", "7 jours", "aujourd’hui", "quart d’heure", "1999-01-03",
  ]);
  assert.equal(format.segment(fr, "site"), "Tout le site");
  assert.equal(format.segment(fr, "queue:chat%2Csav"), "chat,sav");
  assert.equal(format.segment(fr, "channel:voice+queue:pro"), "téléphone · pro");
  assert.equal(format.segment(fr, "queue:100%"), "100%");
});

test("plurals follow the language", () => {
  assert.equal(plural(fr, fr.contacts, 1), "1 contact");
  assert.equal(plural(fr, fr.contacts, 2), "2 contacts");
  assert.equal(plural(fr, fr.points, 0), "0 pt");
  assert.equal(plural(en, en.points, 0), "0 pts");
});

test("the address chooses the language, else the server, else it is French", () => {
  assert.equal(pickLang("en", "fr"), "en");
  assert.equal(pickLang(null, "en"), "en");
  assert.equal(pickLang(null, "de"), "fr");
});

test("both languages fill the same places", () => {
  const places = (words: object): string[] =>
    Object.entries(words).flatMap(([key, said]): string[] =>
      typeof said === "string"
        ? [...said.matchAll(/\{\w+\}/g)].map(([place]) => `${key} ${place}`).sort()
        : places(said as object).map((place) => `${key} ${place}`),
    );

  assert.deepEqual(places(en), places(fr));
  assert.equal(fill("{a} {b}", { a: 1 }), "1 {b}");
});
