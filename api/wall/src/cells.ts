/** What the screen shows of every value, settled; a cell is one KPI of one topic. Pure. */

import type { Catalog } from "./catalog.ts";
import type { Topics, Value } from "./protocol.ts";
import { PACE_AVERAGE_S, settle, type Shown } from "./settle.ts";

export type Cells = ReadonlyMap<string, Shown>;

/** Counts that should be 0: where nobody has set a target, one is worth a look. */
export const ABNORMAL: ReadonlySet<string> = new Set([
  "agents_missing", "agents_out_of_adherence", "agents_unknown",
]);

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
      after.set(cell, settle(before.get(cell), noted(kpi, value), now, pace));
    }
  }
  return after;
}

/** Returns the segments of a pattern that the server sends. */
export function segmentsLike(pattern: string, cells: Cells): string[] {
  const prefix = pattern.slice(0, Math.max(0, pattern.indexOf("*")));
  const found = new Set<string>();
  for (const cell of cells.keys()) {
    const segment = cell.slice(0, cell.lastIndexOf("@"));
    if (segment === pattern || (prefix !== "" && segment.startsWith(prefix))) {
      found.add(segment);
    }
  }
  return [...found];
}

function noted(kpi: string, value: Value): Value {
  if (!ABNORMAL.has(kpi) || value.tgt !== null || value.v === null) {
    return value;
  }
  return { ...value, st: value.v > 0 ? "warning" : "ok" };
}
