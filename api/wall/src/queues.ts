/** The table of queues, the worst first. Pure but for the order, which is kept for a while: see `Order`. */

import { cellOf, segmentsLike } from "./cells.ts";
import * as format from "./format.ts";
import { judged, type Moment } from "./moment.ts";
import type { Status } from "./protocol.ts";
import { badness, type Shown } from "./settle.ts";
import { tooFew, valueAt } from "./tile.ts";
import { LIVE } from "./view.ts";

/** A table is read line by line: its order changes at most so often. */
export const RESORT_S = 10;
export const COLUMNS = ["wait_longest", "waiting", "service_level", "abandonment_rate"] as const;

export interface Cell {
  readonly text: string;
  readonly status: Status;
  readonly faint: boolean;
}

export interface Row {
  readonly segment: string;
  readonly name: string;
  readonly status: Status;
  readonly cells: readonly Cell[];
}

/** The order of the rows and when it was made. */
export interface Order {
  readonly at: number;
  readonly segments: readonly string[];
}

/** Returns the order of the rows: the one before while it is young, new queues at its end. */
export function orderOf(before: Order | null, moment: Moment): Order {
  const segments = segmentsLike(moment.view.queues, moment.cells);
  if (before !== null && moment.now - before.at < RESORT_S) {
    const kept = before.segments.filter((s) => segments.includes(s));
    return { at: before.at, segments: [...kept, ...segments.filter((s) => !kept.includes(s))] };
  }
  return { at: moment.now, segments: segments.sort((a, b) => worse(a, b, moment)) };
}

/** Returns the heads of the columns; a unit stands there once, not in every line. */
export function headsOf({ words, catalog }: Moment): { short: string; name: string }[] {
  return COLUMNS.map((kpi) => {
    const unit = catalog.get(kpi)?.unit === "ratio" ? "\u00a0%" : "";
    return { short: words.columns[kpi] + unit, name: catalog.get(kpi)?.name ?? kpi };
  });
}

/** Returns the row of a segment. */
export function rowOf(segment: string, moment: Moment): Row {
  const shown = COLUMNS.map((kpi) => shownOf(segment, kpi, moment));
  return {
    segment,
    name: format.segment(moment.words, segment),
    status: judged(moment) ? worstOf(shown) : "none",
    cells: COLUMNS.map((kpi, i) => cell(kpi, shown[i], moment)),
  };
}

function cell(kpi: string, shown: Shown | undefined, moment: Moment): Cell {
  const { words, catalog, fresh } = moment;
  const value = fresh.phase === "lost" ? null : valueAt(shown?.value, moment);
  return {
    text: format.figure(words, catalog.get(kpi)?.unit ?? "contacts", value).text,
    status: judged(moment) ? (shown?.status ?? "none") : "none",
    faint: value === null || tooFew(shown),
  };
}

function shownOf(segment: string, kpi: string, { cells, view }: Moment): Shown | undefined {
  return (
    cells.get(cellOf(`${segment}@${LIVE}`, kpi)) ?? cells.get(cellOf(`${segment}@${view.window}`, kpi))
  );
}

function worstOf(shown: readonly (Shown | undefined)[]): Status {
  return shown.reduce<Status>(
    (worst, s) => (s && badness(s.status) > badness(worst) ? s.status : worst),
    "none",
  );
}

/** Worst status, then longest wait, then most waiting, then the name. */
function worse(a: string, b: string, moment: Moment): number {
  const rank = (s: string) => COLUMNS.map((kpi) => shownOf(s, kpi, moment));
  const [ra, rb] = [rank(a), rank(b)];
  const since = (r: readonly (Shown | undefined)[]) => r[0]?.value.since ?? Infinity;
  const waiting = (r: readonly (Shown | undefined)[]) => r[1]?.value.v ?? 0;
  return (
    badness(worstOf(rb)) - badness(worstOf(ra)) ||
    compare(since(ra), since(rb)) ||
    waiting(rb) - waiting(ra) ||
    a.localeCompare(b)
  );
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
