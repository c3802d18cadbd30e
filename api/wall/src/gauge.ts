/** The geometry of a linear gauge: bands of the target, the value's bar, the target's tick; all 0..1. Pure. */

import type { Status, Target } from "./protocol.ts";

export interface Band {
  readonly from: number;
  readonly to: number;
  readonly status: Status;
}

export interface Gauge {
  readonly fill: number;
  /** Where the target begins or ends. */
  readonly ticks: readonly number[];
  readonly bands: readonly Band[];
}

/** Returns the gauge of a value, `null` where there is no target to measure it against. */
export function gaugeOf(value: number | null, target: Target | null, unit: string): Gauge | null {
  const limits = target === null ? [] : limitsOf(target);
  const top = limits.length ? scaleTop(limits, unit) : 0;
  if (target === null || top <= 0) {
    return null;
  }
  const edges = [0, ...limits.filter((x) => x > 0 && x < top), top];
  const bands = edges.slice(1).map((to, i): Band => {
    const from = edges[i] ?? 0;
    return { from: from / top, to: to / top, status: judge((from + to) / 2, target) };
  });
  const ticks = [target.low, target.high].filter((x) => x !== null).map((x) => x / top);
  return { fill: value === null ? 0 : Math.min(1, value / top), ticks, bands };
}

/** Returns how far a value is outside of its target: > 0 above, < 0 below, 0 inside. */
export function gapOf(value: number, { low, high }: Target): number {
  if (high !== null && value > high) {
    return value - high;
  }
  return low !== null && value < low ? value - low : 0;
}

/** The band of a value, for drawing the scale; the status of a reading is the server's. */
function judge(value: number, target: Target): Status {
  if (gapOf(value, target) === 0) {
    return "ok";
  }
  const wider = { ...target, low: target.warning_low, high: target.warning_high };
  return gapOf(value, wider) === 0 ? "warning" : "critical";
}

function limitsOf({ low, high, warning_low, warning_high }: Target): number[] {
  const limits = [low, high, warning_low, warning_high].filter((x) => x !== null);
  return [...new Set(limits)].sort((a, b) => a - b);
}

/** A share that should be high is read against 100 %, everything else against room beyond its last limit. */
function scaleTop(limits: number[], unit: string): number {
  const last = limits[limits.length - 1] ?? 0;
  if (unit === "ratio" && last > 0.4) {
    return 1;
  }
  const room = last * 1.5;
  return unit === "ratio" ? Math.min(1, room) : room;
}
