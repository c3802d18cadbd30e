import assert from "node:assert/strict";
import { test } from "node:test";

import { HOLD_S, settle, type Shown } from "../src/settle.ts";
import { value } from "./golden.ts";

const ok = value({ v: 0.82, n: 400, st: "ok" });
const critical = value({ v: 0.61, n: 401, st: "critical" });

/** What is shown after `steps` of (time, value), with a pace of 2 s. */
const play = (...steps: [number, ReturnType<typeof value>][]): Shown => {
  const shown = steps.reduce<Shown | undefined>((s, [at, v]) => settle(s, v, at, 2), undefined);
  return shown!;
};

test("a figure changes at most once in its pace, the first time at once", () => {
  const next = value({ ...ok, v: 0.83 });
  const last = value({ ...ok, v: 0.84 });

  assert.equal(play([0, ok], [5, next]).value.v, 0.83);
  assert.equal(play([0, ok], [5, next], [6, last]).value.v, 0.83);
  assert.equal(play([0, ok], [5, next], [6, last], [7, last]).value.v, 0.84);
});

test("a colour that gets worse shows at once", () => {
  assert.equal(play([0, ok], [3, critical]).status, "critical");
});

test("a colour that gets better waits until it has stood for 10 s", () => {
  const enough = 3 + HOLD_S;

  assert.equal(play([0, ok], [3, critical], [6, ok]).status, "critical");
  assert.equal(play([0, ok], [3, critical], [6, ok], [enough - 1, ok]).status, "critical");
  assert.equal(play([0, ok], [3, critical], [6, ok], [enough, ok]).status, "ok");
});

test("a value that hovers at its target changes colour once, not at each step", () => {
  const steps = Array.from({ length: 40 }, (_, i): [number, typeof ok] => [i, i % 3 ? critical : ok]);
  const colours = steps.map((_, i) => play(...steps.slice(0, i + 1)).status);
  const changes = colours.filter((colour, i) => i > 0 && colour !== colours[i - 1]).length;

  assert.ok(changes <= 1 + (2 * 40) / HOLD_S, `${changes} changes`);
  assert.ok(changes < 10, `${changes} changes`);
});

test("no data shows at once, without a colour", () => {
  const nothing = value({ v: null, n: 0, st: "none" });
  const shown = play([0, ok], [3, critical], [3.5, nothing]);

  assert.equal(shown.value.v, null);
  assert.equal(shown.status, "none");
});

test("since when is known only for a change that was seen", () => {
  const first = play([4, critical], [9, critical]);
  const seen = play([0, ok], [4, critical], [9, critical]);

  assert.deepEqual([first.statusAt, first.statusSeenBegin], [4, false]);
  assert.deepEqual([seen.statusAt, seen.statusSeenBegin], [4, true]);
});
