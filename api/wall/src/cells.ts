/** What the screen shows of every value, settled; a cell is one KPI of one topic. Pure. */

import type { Catalog } from "./catalog.ts";
import type { Topics } from "./protocol.ts";
import { PACE_AVERAGE_S, settle, type Shown } from "./settle.ts";

export type Cells = ReadonlyMap<string, Shown>;

/** Returns a cell's name. */
export function cellOf(topic: string, kpi: string): string {
  return `${topic} ${kpi}`;
}

/** Returns all cells at `now`; those that the server no longer sends are gone. */
export function settleAll(before: Cells, topics: Topics, catalog: Catalog, now: number): Cells {
  const after = new Map<string, Shown>();
  for (const [topic, values] of Object.entries(topics)) {
    for (const [kpi, value] of Object.entries(values)) {
      const cell = cellOf(topic, kpi);
      const pace = catalog.get(kpi)?.display.every_s ?? PACE_AVERAGE_S;
      after.set(cell, settle(before.get(cell), value, now, pace));
    }
  }
  return after;
}
