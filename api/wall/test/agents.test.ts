import assert from "node:assert/strict";
import { test } from "node:test";

import { agentsOf } from "../src/agents.ts";
import type { Kpi } from "../src/catalog.ts";
import { settleAll } from "../src/cells.ts";
import { explain } from "../src/explain.ts";
import type { Freshness } from "../src/freshness.ts";
import { LANGUAGES } from "../src/i18n/index.ts";
import type { Moment } from "../src/moment.ts";
import type { Target, Topics } from "../src/protocol.ts";
import { teamsOf, troubled } from "../src/teams.ts";
import { tileOf } from "../src/tile.ts";
import { parseView } from "../src/view.ts";
import { value } from "./golden.ts";

const T = 1_790_000_000;
const least: Target = { low: 0.9, high: null, warning_low: 0.85, warning_high: null, minimum_n: 20 };
const FRESH: Freshness = {
  phase: "live", linkAge: 0, dataAge: 1, trueUntil: T - 1, culprit: null, rebuilding: [],
};
const ADHERENCE: Kpi = {
  id: "adherence", name: "Adherence", definition: "d", unit: "ratio", kind: "time_share",
  direction: "higher", sampled: true, part_unit: "ms", target: null, source: "s",
  formulas: {
    ignore: { name: "Amazon", text: "a ÷ s = {part} ÷ {whole}", n: "minutes" },
    exception: { name: "Genesys ±5 min", text: "a ÷ (s + o) = {part} ÷ {whole}", n: "minutes" },
  },
  display: { every_s: 2 },
};
const CATALOG = new Map([[ADHERENCE.id, ADHERENCE]]);

const count = (v: number | null) => value({ v, n: v, f: "live", prov: false });
const plan = (planned: number, there: number, missing: number, out: number) => ({
  agents_scheduled: count(planned), agents_staffed: count(there),
  agents_missing: count(missing), agents_out_of_adherence: count(out),
});
const adherence = (v: number, n: number, st: "ok" | "critical" | "none" = "ok", rev = false) => ({
  adherence: value({ v, n, st, tgt: least, f: "ignore", rev }),
});

function moment(topics: Topics, fields: Partial<Moment> = {}): Moment {
  return {
    view: parseView(""), words: LANGUAGES.fr, catalog: CATALOG, trails: new Map(),
    cells: settleAll(new Map(), topics, CATALOG, 0), fresh: FRESH, now: 0, serverNow: T, failing: 0,
    sources: {}, refused: [], alerts: null, ...fields,
  };
}

test("nothing is shown of agents where nothing but no data and 0 is told of them", () => {
  assert.equal(agentsOf(moment({})), null);
  assert.equal(agentsOf(moment({ "site@live": plan(0, 0, 0, 0) })), null);
  assert.equal(agentsOf(moment({ "site@live": { agents_staffed: count(null) } })), null);
});

test("whoever was there in the window keeps the panel", () => {
  const topics = { "site@live": plan(0, 0, 0, 0), "site@30m": adherence(0.9, 30) };

  assert.notEqual(agentsOf(moment(topics)), null);
});

test("only what should be 0 is judged, and only while the data are fresh", () => {
  const topics = { "site@live": plan(42, 40, 2, 0) };
  const statuses = (fields: Partial<Moment>) =>
    agentsOf(moment(topics, fields))?.plan.map(({ status }) => status);

  assert.deepEqual(statuses({}), ["none", "none", "ok", "warning"]);
  assert.deepEqual(statuses({ fresh: { ...FRESH, phase: "stale" } }), ["none", "none", "none", "none"]);
});

test("teams stand by name, whatever they do, and mark what is amiss", () => {
  const topics = {
    "team:Zurich@live": plan(5, 4, 1, 1), "team:Zurich@30m": adherence(0.5, 99, "critical"),
    "team:Épinal@live": plan(5, 5, 0, 0), "team:Épinal@30m": adherence(0.95, 99),
    "team:Lyon@live": plan(0, 0, 0, 0),
    "team:Équipe 10@live": plan(1, 1, 0, 0), "team:Équipe 9@live": plan(1, 1, 0, 0),
  };
  const rows = teamsOf(moment(topics));

  assert.deepEqual(rows.map(({ name }) => name), ["Épinal", "Équipe 9", "Équipe 10", "Zurich"]);
  assert.deepEqual(rows.at(-1)?.cells.map(({ text }) => text), ["4/5", "—", "50", "—", "1"]);
  assert.deepEqual(rows.at(-1)?.cells.map(({ status }) => status), [
    "warning", "none", "critical", "none", "warning",
  ]);
  assert.equal(troubled(rows), 1);
});

test("lost figures are dashes", () => {
  const lost = moment({ "team:a@live": plan(5, 4, 1, 1) }, { fresh: { ...FRESH, phase: "lost" } });

  assert.deepEqual(teamsOf(lost)[0]?.cells.map(({ text }) => text), ["—/—", "—", "—", "—", "—"]);
});

test("a tile and its card name the formula as the catalogue does", () => {
  const other = { adherence: value({ v: 0.9, n: 180, tgt: least, f: "exception" }) };
  const of = moment({ "site@30m": other });
  const tile = tileOf({ segment: "site", kpi: "adherence", window: "30m" }, of);
  const formula = explain(tile, null, of).rows.find(({ kind }) => kind === "formula");

  assert.equal(tile.scope, "Genesys ±5 min · 30 min");
  assert.match(formula?.term ?? "", /\(Genesys ±5 min\)$/);
});

test("a share of time rests on minutes, and its card puts hours into the formula", () => {
  const of = moment({ "site@30m": adherence(0.8333, 180, "none") });
  const tile = tileOf({ segment: "site", kpi: "adherence", window: "30m" }, of);
  const reading = {
    segment: "site", kpi: "adherence", window: "30m", value: 0.8333, n: 180,
    part: 9_000_000, whole: 10_800_000, formula: "ignore",
  };
  const rows = explain(tile, reading, of).rows;

  assert.equal(tile.scope, "Amazon · 30 min");
  assert.equal(tile.sample, "n = 180 min-agent");
  assert.equal(
    rows.find(({ kind }) => kind === "formula")?.text,
    "a ÷ s = 2\u00a0h\u00a030 ÷ 3\u00a0h\u00a000 = 83\u00a0%",
  );
  assert.ok(rows.some(({ text }) => text === "n = 180 min-agent (minutes)"));
});

test("what was revised says so while it is provisional, too", () => {
  for (const window of ["today", "30m"]) {
    for (const [rev, sample] of [[true, "n = 180 min-agent · révisé"], [false, "n = 180 min-agent"]] as const) {
      const of = moment({ [`site@${window}`]: adherence(0.9, 180, "ok", rev) });
      const tile = tileOf({ segment: "site", kpi: "adherence", window }, of);
      const rows = explain(tile, null, of).rows;

      assert.equal(tile.shown?.value.prov, true);
      assert.equal(tile.sample, sample);
      assert.equal(rows.some(({ text }) => text.includes("révisé : un élément tardif ou corrigé")), rev);
    }
  }
});

test("few minutes are called so", () => {
  const of = moment({ "site@30m": adherence(0.5, 3, "none") });

  assert.equal(tileOf({ segment: "site", kpi: "adherence", window: "30m" }, of).verdict, "trop peu de minutes");
});
