import assert from "node:assert/strict";
import { test } from "node:test";

import { announce, QUIET_S } from "../src/announce.ts";
import { bannerOf } from "../src/banner.ts";
import type { Kpi } from "../src/catalog.ts";
import { settleAll } from "../src/cells.ts";
import { explain } from "../src/explain.ts";
import { CONNECTING, type Freshness } from "../src/freshness.ts";
import { LANGUAGES } from "../src/i18n/index.ts";
import type { Moment } from "../src/moment.ts";
import type { Target, Topics } from "../src/protocol.ts";
import { orderOf, RESORT_S, rowOf } from "../src/queues.ts";
import { tileOf, type Tile } from "../src/tile.ts";
import { parseView } from "../src/view.ts";
import { value } from "./golden.ts";

const T = 1_790_000_000;
const most: Target = { low: null, high: 60, warning_low: null, warning_high: 120, minimum_n: 0 };
const least: Target = { low: 0.8, high: null, warning_low: 0.7, warning_high: null, minimum_n: 20 };

const kpi = (id: string, unit: Kpi["unit"], kind: Kpi["kind"], formulas: Kpi["formulas"]): Kpi => ({
  id, name: `name of ${id}`, definition: "d", unit, kind, formulas, direction: "lower",
  sampled: kind !== "live", part_unit: kind === "time_share" ? "ms" : null, target: null, source: "s", display: { every_s: 1 },
});
const CATALOG = new Map(
  [
    kpi("wait_longest", "seconds", "live", { live: { name: null, text: "of {n} = {value}", n: "waiting" } }),
    kpi("waiting", "contacts", "live", { live: { name: null, text: "waiting = {value}", n: "waiting" } }),
    kpi("service_level", "ratio", "share", {
      "SL-A": { name: "SL-A", text: "x = {part} ÷ {whole}", n: "all" },
      "SL-B": { name: "SL-B", text: "w ÷ a = {part} ÷ {whole}", n: "answered" },
    }),
  ].map((entry) => [entry.id, entry]),
);

const FRESH: Freshness = {
  phase: "live", linkAge: 0, dataAge: 1, trueUntil: T - 1, culprit: null, rebuilding: [],
};
const STALE: Freshness = {
  ...FRESH, phase: "stale", dataAge: 42, trueUntil: T - 42, culprit: "calls",
};

const TOPICS: Topics = {
  "site@live": {
    wait_longest: value({ v: 90, n: 4, st: "warning", tgt: most, since: T - 90, f: "live" }),
    waiting: value({ v: 4, n: 4, f: "live" }),
    in_progress: value({ v: 1, n: 1, f: "live" }),
  },
  "site@30m": { service_level: value({ v: 0.74, n: 412, st: "warning", tgt: least, f: "SL-B" }) },
};

function moment(fields: Partial<Moment> = {}, topics: Topics = TOPICS): Moment {
  return {
    view: parseView("?tiles=wait_longest,waiting,service_level"), words: LANGUAGES.fr, catalog: CATALOG, trails: new Map(),
    cells: settleAll(new Map(), topics, CATALOG, 0), fresh: FRESH, now: 0, serverNow: T, failing: 0,
    sources: { calls: { as_of: T - 1, state: "live" } }, refused: [], alerts: null, ...fields,
  };
}

const tile = (id: string, of: Moment): Tile =>
  tileOf(of.view.tiles.find((spec) => spec.kpi === id)!, of);

test("a wait counts on from its beginning while the data are fresh, and stops with them", () => {
  assert.equal(tile("wait_longest", moment({ serverNow: T + 5 })).figure.text, "01:35");
  assert.equal(tile("wait_longest", moment({ serverNow: T + 5, fresh: STALE })).figure.text, "00:48");
});

test("nothing is judged while frozen, rebuilding, connecting or lost", () => {
  const rebuilding = { ...FRESH, rebuilding: ["calls"] };
  const fresh = [STALE, rebuilding, CONNECTING, { ...STALE, phase: "lost" as const }];

  assert.equal(tile("service_level", moment()).status, "warning");
  assert.deepEqual(fresh.map((f) => tile("service_level", moment({ fresh: f })).status), [
    "none", "none", "none", "none",
  ]);
  assert.deepEqual(fresh.map((f) => tile("service_level", moment({ fresh: f })).verdict), [
    "Figé", "Incomplet", "", "Perdu",
  ]);
});

test("a lost wall shows no figure", () => {
  const lost = moment({ fresh: { ...STALE, phase: "lost" } });

  assert.equal(tile("service_level", lost).figure.text, "—");
  assert.equal(tile("service_level", lost).sample, null);
});

test("nobody waiting is another thing than no data", () => {
  const topics = { "site@live": { wait_longest: value({ f: "live" }) }, "site@30m": {} };

  assert.equal(tile("wait_longest", moment({}, topics)).verdict, "personne n’attend");
  assert.equal(tile("service_level", moment({}, topics)).verdict, "aucune donnée");
});

test("beside what is true now stands the count that belongs to it", () => {
  assert.equal(tile("wait_longest", moment()).sample, "4 en attente");
  assert.equal(tile("waiting", moment()).sample, "1 en cours");
  assert.equal(tile("service_level", moment()).sample, "n = 412");
});

test("since when is said once it is worth saying", () => {
  assert.equal(tile("service_level", moment({ now: 59 })).since, null);
  assert.equal(tile("service_level", moment({ now: 61 })).since, "depuis ≥ 01:01");
});

test("the banner says what stands still, since when and until when it was true", () => {
  const banner = bannerOf(moment({ fresh: STALE }));

  assert.equal(banner?.title, "DONNÉES FIGÉES depuis 00:42");
  assert.match(banner?.detail ?? "", /^vraies à \d\d:\d\d:\d\d · « Appels » n’avance plus$/);
  assert.equal(bannerOf(moment()), null);
});

test("what the server refuses is said before anything but frozen data", () => {
  const refused = ["'wait': not in the catalogue"];

  assert.equal(bannerOf(moment({ refused, fresh: CONNECTING, failing: 99 }))?.kind, "refused");
  assert.equal(bannerOf(moment({ refused }))?.detail, refused[0]);
  assert.equal(bannerOf(moment({ refused, fresh: STALE }))?.kind, "frozen");
});

test("a page that has just been opened is given time to connect", () => {
  assert.equal(bannerOf(moment({ fresh: CONNECTING, failing: 4 })), null);
  assert.equal(bannerOf(moment({ fresh: CONNECTING, failing: 6 }))?.kind, "unreachable");
});

test("the worst queue first: by status, then the longest wait, then the most waiting", () => {
  const queue = (st: "ok" | "critical", since: number | null, waiting: number) => ({
    wait_longest: value({ v: since && T - since, n: waiting, st, since, f: "live" }),
    waiting: value({ v: waiting, n: waiting, f: "live" }),
  });
  const topics = {
    "queue:a@live": queue("ok", null, 0), "queue:b@live": queue("ok", T - 9, 2),
    "queue:c@live": queue("ok", T - 30, 1), "queue:d@live": queue("critical", T - 5, 1),
    "queue:e@live": queue("ok", T - 9, 3),
  };

  const { segments } = orderOf(null, moment({}, topics));
  assert.deepEqual(segments, ["queue:d", "queue:c", "queue:e", "queue:b", "queue:a"]);
});

test("the order of a table that is being read stays for ten seconds", () => {
  const queue = (st: "ok" | "critical") => ({ waiting: value({ v: 1, n: 1, st, f: "live" }) });
  const first = orderOf(null, moment({}, { "queue:a@live": queue("ok"), "queue:b@live": queue("ok") }));
  const worse = {
    "queue:a@live": queue("ok"), "queue:b@live": queue("critical"), "queue:c@live": queue("ok"),
  };

  assert.deepEqual(orderOf(first, moment({ now: RESORT_S - 1 }, worse)).segments, [
    "queue:a", "queue:b", "queue:c",
  ]);
  assert.equal(orderOf(first, moment({ now: RESORT_S }, worse)).segments[0], "queue:b");
});

test("a row has the status of its worst cell", () => {
  const topics = {
    "queue:a@live": { waiting: value({ v: 1, st: "ok", f: "live" }) },
    "queue:a@30m": { service_level: value({ v: 0.5, n: 99, st: "critical", tgt: least }) },
  };
  const row = rowOf("queue:a", moment({}, topics));

  assert.equal(row.status, "critical");
  assert.deepEqual(row.cells.map(({ text }) => text), ["—", "1", "50", "—"]);
});

test("a card puts the figures of now into the formula that was used", () => {
  const of = moment();
  const reading = {
    segment: "site", kpi: "service_level", window: "30m", value: 0.74, n: 412,
    part: 305, whole: 412, formula: "SL-B",
  };
  const rows = explain(tile("service_level", of), reading, of).rows;

  assert.equal(rows.find(({ kind }) => kind === "formula")?.text, "w ÷ a = 305 ÷ 412 = 74\u00a0%");
  assert.ok(rows.some(({ text }) => text === "n = 412 (answered)"));
  assert.ok(rows.some(({ text }) => text === "≥\u00a080\u00a0% · sans avis sous n = 20"));
});

test("without an answer from the server a card says what the wall knows", () => {
  const of = moment({ fresh: STALE });
  const rows = explain(tile("service_level", of), null, of).rows;

  assert.equal(rows.find(({ kind }) => kind === "formula")?.text, "w ÷ a = — ÷ — = 74\u00a0%");
  assert.match(rows.at(-1)?.text ?? "", /^vrai à \d\d:\d\d:\d\d · Appels 1\u00a0s · provisoire/);
});

test("a screen reader hears changes of state, at most one each ten seconds, never values", () => {
  const tiles = (of: Moment) => [tile("service_level", of)];
  const first = announce(null, moment(), tiles(moment()));
  const soon = moment({ now: 5, fresh: STALE });
  const later = moment({ now: QUIET_S, fresh: STALE });

  assert.equal(first.text, "name of service_level : Attention");
  assert.equal(announce(first, soon, tiles(soon)), first);
  assert.match(announce(first, later, tiles(later)).text, /^DONNÉES FIGÉES/);
  assert.equal(announce(first, moment({ now: 99 }), tiles(moment({ now: 99 }))), first);
});
