import assert from "node:assert/strict";
import { test } from "node:test";

import { APART_MS, Gate, RETRY_MS, SPREAD_MS } from "../src/gate.ts";

function setUp({ reachable = true, last }: { reachable?: boolean; last?: number } = {}) {
  const store = new Map(last === undefined ? [] : [["pouls.reloaded", String(last)]]);
  const world = {
    planned: [] as { call: () => void; ms: number }[],
    reloads: 0,
    up: reachable,
    /** Runs what was planned; returns after how long. */
    async next(): Promise<number> {
      const plan = world.planned.shift();
      plan?.call();
      await new Promise(setImmediate);
      return plan?.ms ?? NaN;
    },
  };
  const gate = new Gate({
    nowMs: () => 1_000_000, random: () => 0.5, reachable: async () => world.up,
    later: (call, ms) => void world.planned.push({ call, ms }),
    reload: () => void (world.reloads += 1),
    memory: { getItem: (k) => store.get(k) ?? null, setItem: (k, v) => void store.set(k, v) },
  });
  return { gate, world, store };
}

test("a reload waits for a random part of half a minute", async () => {
  const { gate, world, store } = setUp();
  gate.request(() => true);

  assert.equal(await world.next(), SPREAD_MS / 2);
  assert.equal(world.reloads, 1);
  assert.equal(store.get("pouls.reloaded"), "1000000");
});

test("during an outage nothing is reloaded; afterwards it is", async () => {
  const { gate, world } = setUp({ reachable: false });
  gate.request(() => true);
  await world.next();
  assert.equal(await world.next(), RETRY_MS);
  assert.equal(world.reloads, 0);

  world.up = true;
  await world.next();
  assert.equal(world.reloads, 1);
});

test("reloads are five minutes apart, whatever asks for them", async () => {
  const { gate, world } = setUp({ last: 1_000_000 - 60_000 });
  gate.request(() => true);

  assert.equal(await world.next(), APART_MS - 60_000 + SPREAD_MS / 2);
});

test("a reason that is gone reloads nothing, and a new one may ask again", async () => {
  const { gate, world } = setUp();
  gate.request(() => false);
  gate.request(() => true);
  await world.next();
  assert.equal(world.reloads, 0);
  assert.equal(world.planned.length, 0);

  gate.request(() => true);
  await world.next();
  assert.equal(world.reloads, 1);
});
