import assert from "node:assert/strict";
import { test } from "node:test";

import { fitOf, labelHeight } from "../src/distance.ts";
import { allTiles, parseView, subscriptionOf, topicsOf } from "../src/view.ts";

test("an address without anything is the default wall", () => {
  const view = parseView("");

  assert.deepEqual(view.tiles.map((tile) => tile.kpi), [
    "wait_longest", "service_level", "abandonment_rate", "handle_time_mean", "adherence", "occupancy",
  ]);
  assert.deepEqual(view.tilesWithout.map((tile) => tile.kpi), [
    "wait_longest", "waiting", "service_level", "abandonment_rate", "wait_mean", "handle_time_mean",
  ]);
  assert.equal(view.segment, "site");
  assert.equal(view.theme, "dark");
  assert.equal(view.lang, null);
});

test("a tile names its segment, KPI and window", () => {
  const view = parseView("?tiles=queue:pro/service_level@60m,queue:a%252Fb/waiting,offered@today");

  assert.deepEqual(view.tiles, [
    { segment: "queue:pro", kpi: "service_level", window: "60m" },
    { segment: "queue:a%2Fb", kpi: "waiting", window: null },
    { segment: "site", kpi: "offered", window: "today" },
  ]);
});

test("an address that names tiles has them, whether agents are told of or not", () => {
  const view = parseView("?tiles=waiting,adherence");

  assert.deepEqual(view.tiles, view.tilesWithout);
  assert.deepEqual(allTiles(view), view.tiles);
});

test("a tile without a window is looked for in the two places where it can be", () => {
  const view = parseView("?window=15m&tiles=waiting");

  assert.deepEqual(topicsOf(view.tiles[0]!, view), ["site@live", "site@15m"]);
});

test("a subscription holds each topic and KPI once", () => {
  const { topics, kpis } = subscriptionOf(parseView(""));

  assert.deepEqual(topics, [
    "channel:voice@live", "site@30m", "channel:voice@60m", "site@live", "channel:voice@30m",
    "site@today", "queue:*@live", "queue:*@30m", "team:*@live", "team:*@30m", "alerts@live",
  ]);
  assert.equal(new Set(kpis).size, kpis.length);
  assert.ok(kpis.includes("in_progress"));
  assert.ok(kpis.includes("agents_out_of_adherence"));
});

test("what an address does not know is left out, and tiles end at twelve", () => {
  const view = parseView(`?lang=xx&theme=pink&tiles=${"waiting,".repeat(20)}`);

  assert.equal(view.lang, null);
  assert.equal(view.theme, "dark");
  assert.equal(view.tiles.length, 12);
});

test("letters for 55 inches at 5 m take 4.7 % of the height, for 75 inches at 3 m 2.1 %", () => {
  assert.equal(labelHeight(55, 5).toFixed(3), "0.047");
  assert.equal(labelHeight(75, 3).toFixed(3), "0.021");
  assert.equal(labelHeight(NaN, 5), 0);
});

test("a view gives up its lines first, then gaps, queues and further tiles", () => {
  assert.deepEqual(fitOf(0), { spark: true, foot: true, table: true, tiles: 12, agents: "all" });
  assert.equal(fitOf(0.026).table, true);
  assert.equal(fitOf(0.026).spark, false);
  assert.equal(fitOf(0.047).table, false);
  assert.equal(fitOf(0.047).agents, "plan");
  assert.equal(fitOf(0.053).agents, "none");
  assert.equal(fitOf(0.06).tiles, 4);
});
