/** The recent past of one tile, as this screen saw it: one point each half minute, for half an hour. Pure. */

export const STEP_S = 30;
export const SPAN_S = 1800;
/** Without a point for longer than this, nobody knows what was in between. */
const HOLE_S = 150;

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

/** Returns a trail with an older point before those that it has. */
export function prepend(point: Point, trail: Trail): Trail {
  const first = trail[0]?.[0] ?? Infinity;
  return point[0] < first ? [point, ...trail] : trail;
}

/** The runs of a trail without a hole in them: a line across a hole would be invented. */
export function runs(trail: Trail): Trail[] {
  const out: Point[][] = [];
  for (const point of trail) {
    const run = out[out.length - 1];
    const last = run?.[run.length - 1];
    if (run === undefined || last === undefined || point[0] - last[0] > HOLE_S) {
      out.push([point]);
    } else {
      run.push(point);
    }
  }
  return out;
}
