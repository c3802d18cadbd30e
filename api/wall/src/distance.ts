/**
 * How large letters must be to be read from the farthest seat. Pure.
 *
 * Characters of 16 minutes of arc at least (NUREG-0700); a capital is 0.72 of the font's size; 16:9 screens.
 */

const ARC = (16 / 60) * (Math.PI / 180);
const CAPITAL = 0.72;
const INCH_M = 0.0254;
const HEIGHT_OF_DIAGONAL = 9 / Math.hypot(16, 9);

/** Returns the least font size as a part of the screen's height, 0 when a measure is missing. */
export function labelHeight(diagonalInch: number, distanceM: number): number {
  if (!(diagonalInch > 0 && distanceM > 0)) {
    return 0;
  }
  const letterM = 2 * distanceM * Math.tan(ARC / 2);
  return letterM / CAPITAL / (diagonalInch * INCH_M * HEIGHT_OF_DIAGONAL);
}

/** What a view gives up, in this order, so that its labels can have their size. */
export interface Fit {
  readonly spark: boolean;
  readonly foot: boolean;
  readonly table: boolean;
  readonly tiles: number;
  /** Of the agents: states and plan, the plan alone, or nothing. */
  readonly agents: "all" | "plan" | "none";
}

/** The greatest label height, in parts of the screen's height, that each step still has room for. */
const STEPS: readonly (readonly [number, Fit])[] = [
  [0.0245, { spark: true, foot: true, table: true, tiles: 12, agents: "all" }],
  [0.028, { spark: false, foot: false, table: true, tiles: 12, agents: "all" }],
  [0.048, { spark: false, foot: false, table: false, tiles: 12, agents: "plan" }],
  [0.054, { spark: false, foot: false, table: false, tiles: 12, agents: "none" }],
  [Infinity, { spark: false, foot: false, table: false, tiles: 4, agents: "none" }],
];

/** Returns what fits beside labels of this height. */
export function fitOf(label: number): Fit {
  return STEPS.find(([height]) => label <= height)![1];
}
