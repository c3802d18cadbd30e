import assert from "node:assert/strict";
import { test } from "node:test";

import type { Reading } from "../src/api.ts";
import { fetchPast, type Ask } from "../src/past.ts";
import { prepend, type Trail } from "../src/trail.ts";
import { parseView } from "../src/view.ts";

const NOW = Date.parse("2026-11-24T10:15:07.250Z");
const SERVER_NOW = 1_790_000_000;

/** A server whose value is how many minutes ago it was; it holds `held` minutes. */
function server(held: number) {
  const asked: { topic: string; kpis: readonly string[]; at: number | null }[] = [];
  const ask: Ask = async (segment, kpis, window, at) => {
    asked.push({ topic: `${segment}@${window}`, kpis, at });
    const ago = (NOW - (at ?? NOW)) / 60_000;
    const readings = kpis.map((kpi) => ({ segment, kpi, window, value: Math.floor(ago) }) as Reading);
    return ago > held ? null : { now: new Date(NOW).toISOString(), readings };
  };
  return { ask, asked };
}

/** Returns the trails that the answers make. */
async function past(tiles: string, ask: Ask): Promise<Map<string, Trail>> {
  const trails = new Map<string, Trail>();
  await fetchPast(parseView(tiles), SERVER_NOW, ask, (key, point) => {
    trails.set(key, prepend(point, trails.get(key) ?? []));
  });
  return trails;
}

test("every other minute of the half hour before, in the order of time, on the server's clock", async () => {
  const trail = (await past("?tiles=wait_mean@30m", server(60).ask)).get("site/wait_mean@30m");

  assert.deepEqual(trail?.map(([, value]) => value), Array.from({ length: 15 }, (_, i) => 30 - 2 * i));
  assert.equal(trail?.at(-1)?.[0], SERVER_NOW - 120 - 7.251);
});

test("only moments at which every bucket of the window had closed", async () => {
  const { ask, asked } = server(60);
  await past("?tiles=wait_mean@30m", ask);

  for (const { at } of asked.slice(1)) {
    assert.equal(((at ?? 0) + 1) % 10_000, 0);
  }
});

test("one question for the tiles of one segment and window, none for what is true now", async () => {
  const { ask, asked } = server(0);
  await past("", ask);

  assert.deepEqual(asked.filter(({ at }) => at === null).map(({ topic, kpis }) => [topic, ...kpis]), [
    ["site@30m", "service_level", "abandonment_rate", "adherence", "occupancy"],
    ["channel:voice@60m", "handle_time_mean"], ["channel:voice@30m", "wait_mean"],
  ]);
});

test("what is not held any more is not asked for", async () => {
  const { ask, asked } = server(999);
  await past("?tiles=wait_mean@75m", ask);
  const oldest = Math.max(...asked.map(({ at }) => NOW - (at ?? NOW)));

  assert.ok(oldest <= (90 - 75) * 60_000, `${oldest}`);
});

test("a refusal ends the asking, and what was found stays", async () => {
  const { ask, asked } = server(5);
  const trails = await past("?tiles=wait_mean@30m", ask);

  assert.equal(trails.get("site/wait_mean@30m")?.length, 2);
  assert.equal(asked.length, 4);
});
