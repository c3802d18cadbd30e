/** The recent past of one tile, as this screen saw it: one point each half minute, for half an hour. Pure. */

export const STEP_S = 30;
export const SPAN_S = 1800;

/** (the server's time, value). */
export type Point = readonly [at: number, value: number];
export type Trail = readonly Point[];

/** Returns the trail with a value seen at `at`; a point within the step of the last one is left out. */
export function extend(trail: Trail, at: number, value: number | null): Trail {
  const last = trail[trail.length - 1];
  if (value === null || (last !== undefined && at - last[0] < STEP_S)) {
    return trail;
  }
  return [...trail.filter(([t]) => t >= at - SPAN_S), [at, value]];
}

/** Returns older points put before those that a trail has. */
export function prepend(past: Trail, trail: Trail): Trail {
  const first = trail[0]?.[0] ?? Infinity;
  return [...past.filter(([t]) => t < first), ...trail];
}

/** The runs of a trail without a hole in them: a line across a hole would be invented. */
export function runs(trail: Trail): Trail[] {
  const out: Point[][] = [];
  for (const point of trail) {
    const run = out[out.length - 1];
    const last = run?.[run.length - 1];
    if (run === undefined || last === undefined || point[0] - last[0] > 2.5 * STEP_S) {
      out.push([point]);
    } else {
      run.push(point);
    }
  }
  return out;
}
