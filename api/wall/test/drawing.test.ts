import assert from "node:assert/strict";
import { test } from "node:test";

import { gapOf, gaugeOf } from "../src/gauge.ts";
import type { Target } from "../src/protocol.ts";
import { sparkOf } from "../src/spark.ts";
import { extend, prepend, runs, SPAN_S, STEP_S, type Point } from "../src/trail.ts";

const level: Target = { low: 0.8, high: null, warning_low: 0.7, warning_high: null, minimum_n: 20 };
const wait: Target = { low: null, high: 60, warning_low: null, warning_high: 120, minimum_n: 0 };
const band: Target = { low: 300, high: 360, warning_low: 270, warning_high: 400, minimum_n: 20 };

test("a gauge shows where it turns amber and red", () => {
  const bands = (target: Target, unit: string) =>
    gaugeOf(1, target, unit)?.bands.map(({ status }) => status);

  assert.deepEqual(bands(level, "ratio"), ["critical", "warning", "ok"]);
  assert.deepEqual(bands(wait, "seconds"), ["ok", "warning", "critical"]);
  assert.deepEqual(bands(band, "seconds"), ["critical", "warning", "ok", "warning", "critical"]);
  assert.deepEqual(bands({ ...band, warning_low: null }, "seconds"), ["warning", "ok", "warning", "critical"]);
});

test("bands cover the gauge without a hole, and a value beyond it fills it", () => {
  const gauge = gaugeOf(9999, band, "seconds");

  assert.equal(gauge?.fill, 1);
  assert.equal(gauge?.bands[0]?.from, 0);
  assert.equal(gauge?.bands.at(-1)?.to, 1);
  gauge?.bands.slice(1).forEach(({ from }, i) => assert.equal(from, gauge.bands[i]?.to));
});

test("no target, no gauge; no value, no bar", () => {
  assert.equal(gaugeOf(0.8, null, "ratio"), null);
  assert.equal(gaugeOf(3, { ...wait, high: null, warning_high: null }, "contacts"), null);
  assert.equal(gaugeOf(null, level, "ratio")?.fill, 0);
});

test("a gap has the sign of its side", () => {
  assert.equal(gapOf(180, wait), 120);
  assert.equal(gapOf(290, band), -10);
  assert.equal(gapOf(330, band), 0);
});

test("a trail takes a point each half minute and forgets after half an hour", () => {
  const seconds = Array.from({ length: 4000 }, (_, i) => i);
  const trail = seconds.reduce<readonly Point[]>((t, at) => extend(t, at, at), []);

  assert.equal(trail.length, SPAN_S / STEP_S + 1);
  assert.deepEqual(extend(trail, 5000, null), trail);
});

test("no line is drawn across a hole", () => {
  const trail: Point[] = [[0, 1], [30, 2], [300, 3], [330, 4]];

  assert.deepEqual(runs(trail).map((run) => run.length), [2, 2]);
  assert.equal(sparkOf(trail, 330, null)?.line.match(/M/g)?.length, 2);
});

test("an older point comes before those that a trail has", () => {
  assert.deepEqual(prepend([1, 9], [[5, 1], [6, 2]]), [[1, 9], [5, 1], [6, 2]]);
  assert.deepEqual(prepend([5, 9], [[5, 1], [6, 2]]), [[5, 1], [6, 2]]);
});

test("a sparkline ends at now, holds its target in sight, and needs two points", () => {
  const spark = sparkOf([[1770, 0.7], [1800, 0.7]], 1800, level);

  assert.match(spark?.line ?? "", /L100 /);
  assert.ok(spark?.target != null && spark.target >= 0 && spark.target <= 100);
  assert.equal(sparkOf([[1800, 0.7]], 1800, level), null);
});

test("a value that hardly moves is drawn as a line that hardly moves", () => {
  const spark = sparkOf([[1740, 100], [1770, 101], [1800, 100]], 1800, null);
  const heights = [...(spark?.line.matchAll(/ ([\d.]+)/g) ?? [])].map(([, y]) => Number(y));

  assert.ok(Math.max(...heights) - Math.min(...heights) < 10);
});
