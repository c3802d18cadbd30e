/** The geometry of a sparkline in a box of 100 × 100, time to the right. Pure. */

import type { Target } from "./protocol.ts";
import { runs, SPAN_S, type Trail } from "./trail.ts";

export interface Spark {
  /** SVG path data. */
  readonly line: string;
  /** The height of the target's line. */
  readonly target: number | null;
}

/** The least part of its own size that a scale spans, lest noise look like drama. */
const LEAST_SPAN = 0.2;

/** Returns the line of a trail that ends at `now`, `null` where there is nothing to draw. */
export function sparkOf(trail: Trail, now: number, target: Target | null): Spark | null {
  const seen = trail.filter(([at]) => at > now - SPAN_S && at <= now);
  if (seen.length < 2) {
    return null;
  }
  const goal = target?.low ?? target?.high ?? null;
  const values = seen.map(([, value]) => value);
  const y = scale(goal === null ? values : [...values, goal]);
  const x = (at: number) => round(100 - (100 * (now - at)) / SPAN_S);
  const line = runs(seen)
    .map((run) => run.map(([at, v], i) => `${i ? "L" : "M"}${x(at)} ${y(v)}`).join(""))
    .join("");
  return { line, target: goal === null ? null : y(goal) };
}

function scale(values: number[]): (value: number) => number {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = Math.max(high - low, LEAST_SPAN * Math.abs(high), Number.EPSILON);
  const bottom = (low + high - span) / 2;
  return (value) => round(96 - (92 * (value - bottom)) / span);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
