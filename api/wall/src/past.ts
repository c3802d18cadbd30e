/**
 * The half hour before a wall was opened, so that its lines do not begin empty.
 *
 * `/readings?at=` gives the very figure that the tile would have shown then; only windows of minutes have one,
 * what is true now has no past. Asked for once, one question after another.
 */

import type { Readings } from "./api.ts";
import { SPAN_S, type Point } from "./trail.ts";
import { keyOf } from "./tile.ts";
import { allTiles, type TileSpec, type View } from "./view.ts";

/** Between two points: enough for a line, few enough for a server that many walls ask. */
const APART_S = 120;
const FINE_S = 10;
/** Fine buckets are kept for 90 minutes: a longer window has a shorter past. */
const HELD_S = 90 * 60;

/** Asks for KPIs of a segment in a window; `at` in ms on the server's event clock, `null` = now. */
export type Ask = (
  segment: string, kpis: readonly string[], window: string, at: number | null,
) => Promise<Readings | null>;

/** Tells of each point as it comes, the youngest first; times are on the server's clock, now `serverNow`. */
export async function fetchPast(
  view: View, serverNow: number, ask: Ask, tell: (key: string, point: Point) => void,
): Promise<void> {
  for (const group of groupsOf(view)) {
    const [{ segment, window }] = group;
    const kpis = group.map((tile) => tile.kpi);
    const now = Date.parse((await ask(segment, kpis, window, null))?.now ?? "");
    for (const ago of momentsOf(window, now)) {
      const then = await ask(segment, kpis, window, now - ago);
      if (then === null) {
        break;
      }
      for (const { kpi, value } of then.readings) {
        const tile = group.find((one) => one.kpi === kpi);
        if (tile !== undefined && value !== null) {
          tell(keyOf(tile.spec), [serverNow - ago / 1000, value]);
        }
      }
    }
  }
}

interface Asked {
  readonly spec: TileSpec;
  readonly segment: string;
  readonly kpi: string;
  readonly window: string;
}

/** The tiles with a window of minutes, together where one question answers several. */
function groupsOf(view: View): [Asked, ...Asked[]][] {
  const groups = new Map<string, [Asked, ...Asked[]]>();
  for (const spec of allTiles(view)) {
    const window = spec.window ?? view.window;
    if (/^\d+m$/.test(window)) {
      const asked = { spec, segment: spec.segment, kpi: spec.kpi, window };
      const topic = `${spec.segment}@${window}`;
      groups.set(topic, [...(groups.get(topic) ?? []), asked] as [Asked, ...Asked[]]);
    }
  }
  return [...groups.values()];
}

/** How many ms ago each point is, the youngest first: the last ms of a fine bucket, when windows are closed. */
function momentsOf(window: string, now: number): number[] {
  if (Number.isNaN(now)) {
    return [];
  }
  const span = Math.min(SPAN_S, HELD_S - 60 * parseInt(window, 10) - APART_S);
  const count = Math.floor(span / APART_S);
  const rest = (now % (FINE_S * 1000)) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (i + 1) * APART_S * 1000 + rest);
}
