import assert from "node:assert/strict";
import { test } from "node:test";

import { believable, freshness, type Heard } from "../src/freshness.ts";

const T = 1_790_000_000;

/** A wall that heard everything just now. */
const well: Heard = {
  now: 100, lastHeard: 100, serverNow: T, ts: T, staleS: 10, tickS: 1,
  sources: { calls: { as_of: T, state: "live" }, chats: { as_of: T, state: "live" } },
};

/** Nothing has come for `seconds`. */
const silent = (seconds: number): Heard => ({
  ...well, now: well.now + seconds, serverNow: T + seconds,
});

/** The server ticks, but the calls' worker died `seconds` ago. */
const dead = (seconds: number): Heard => ({
  ...well, serverNow: T + seconds, ts: T + seconds,
  sources: {
    calls: { as_of: T, state: "live" }, chats: { as_of: T + seconds, state: "live" },
  },
});

for (const [name, heard, delayed] of [
  ["a silent link", silent, 3], ["a dead source", dead, 5],
] as const) {
  test(`${name} makes the wall delayed after ${delayed} s, stale after 10 s, lost after 5 min`, () => {
    const ages = [delayed - 0.1, delayed + 0.1, 10, 10.1, 300, 300.1];
    const phases = ages.map((s) => freshness(heard(s)).phase);

    assert.deepEqual(phases, ["live", "delayed", "delayed", "stale", "stale", "lost"]);
  });
}

test("the stalest source counts, whatever the others say", () => {
  const fresh = freshness(dead(12));

  assert.equal(fresh.phase, "stale");
  assert.equal(fresh.culprit, "calls");
  assert.equal(fresh.dataAge, 12);
  assert.equal(fresh.linkAge, 0);
});

test("a silent link is to blame before any source", () => {
  assert.equal(freshness(silent(12)).culprit, "link");
});

test("figures are true until the stalest source was read", () => {
  assert.equal(freshness(silent(60)).trueUntil, T);
  assert.equal(freshness(dead(60)).trueUntil, T);
});

test("the server says after how many seconds data are stale", () => {
  assert.equal(freshness({ ...silent(21), staleS: 30 }).phase, "delayed");
});

test("a server that ticks slowly is not delayed between two ticks", () => {
  assert.equal(freshness({ ...silent(5), tickS: 4 }).phase, "live");
  assert.equal(freshness({ ...silent(5), tickS: 1 }).phase, "delayed");
});

test("a source that was never read has no age and is not stale", () => {
  const sources = { calls: { as_of: null, state: "rebuilding" } } as const;
  const fresh = freshness({ ...well, sources });

  assert.equal(fresh.dataAge, null);
  assert.equal(fresh.phase, "live");
  assert.deepEqual(fresh.rebuilding, ["calls"]);
});

test("clocks may tick and colours show only while live or delayed", () => {
  const phases = ["connecting", "live", "delayed", "stale", "lost"] as const;

  assert.deepEqual(phases.map(believable), [false, true, true, false, false]);
});

test("a server clock that is ahead of its sources' makes no negative age", () => {
  assert.equal(freshness({ ...well, serverNow: T - 5 }).dataAge, 0);
});
