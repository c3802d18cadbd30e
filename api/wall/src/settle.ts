/**
 * From what the server says to what a screen shows of it: calm enough to be read. Pure.
 *
 * Figures change at most once in their pace (the first change after a pause at once). A colour that has
 * got worse shows at once and stays for 10 s at least, so a value that hovers at its target does not
 * flicker. No data, or too few, shows at once: a colour without data would be a lie.
 */

import type { Status, Value } from "./protocol.ts";

export const HOLD_S = 10;
/** An average or a share: a digital readout is read at 0.5 Hz. */
export const PACE_AVERAGE_S = 2;
/** A count. */
export const PACE_COUNT_S = 1;

export interface Shown {
  readonly value: Value;
  readonly status: Status;
  /** When `value` was put on the screen, monotonic seconds. */
  readonly valueAt: number;
  /** When `status` was. */
  readonly statusAt: number;
  /** False: it was so already when we first looked; it may have been for longer. */
  readonly statusSeenBegin: boolean;
}

const RANK: Readonly<Record<Status, number>> = { none: 0, ok: 1, warning: 2, critical: 3 };

/** Returns what is to be shown at `now` of `value`, given what was shown before. */
export function settle(before: Shown | undefined, value: Value, now: number, paceS: number): Shown {
  if (before === undefined) {
    const status = value.st;
    return { value, status, valueAt: now, statusAt: now, statusSeenBegin: false };
  }
  const next = paced(before, value, now, paceS);
  const status = held(before, next.value, now);
  if (status === before.status) {
    return { ...before, ...next };
  }
  return { ...next, status, statusAt: now, statusSeenBegin: true };
}

/** The order of badness, for "the worst first". */
export function badness(status: Status): number {
  return RANK[status];
}

function paced(before: Shown, value: Value, now: number, paceS: number) {
  const appears = (before.value.v === null) !== (value.v === null);
  const same = JSON.stringify(value) === JSON.stringify(before.value);
  if (same || (!appears && now - before.valueAt < paceS)) {
    return { value: before.value, valueAt: before.valueAt };
  }
  return { value, valueAt: now };
}

function held(before: Shown, value: Value, now: number): Status {
  const calmsDown = RANK[value.st] < RANK[before.status] && value.st !== "none";
  return calmsDown && now - before.statusAt < HOLD_S ? before.status : value.st;
}
