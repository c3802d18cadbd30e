/**
 * Whether the numbers can be believed: the state machine of the wall's honesty. Pure.
 *
 * Two ages that know nothing of each other: the link's, since anything came from the server, and the data's,
 * from the stalest source. A live link to a server whose workers are dead is as frozen as a dead link.
 *
 *     connecting ──first snapshot──▶ live ⇄ delayed ⇄ stale ⇄ lost
 *                                    ≤ 3 s   ≤ 10 s   > 10 s   > 5 min     (data: live ≤ 5 s)
 */

import type { Sources } from "./protocol.ts";

export type Phase = "connecting" | "live" | "delayed" | "stale" | "lost";

/** Three ticks without a message. */
export const LINK_DELAYED_S = 3;
/** `as_of` names the beat before the last, a beat comes each second, a tick each second: 3 s are normal. */
export const DATA_DELAYED_S = 5;
export const LOST_S = 300;

export interface Freshness {
  readonly phase: Phase;
  /** Seconds since anything came; `null` before the first snapshot. */
  readonly linkAge: number | null;
  /** Seconds since the stalest source was read; `null` while no source was ever read. */
  readonly dataAge: number | null;
  /** The moment up to which everything shown is true, on the server's clock. */
  readonly trueUntil: number | null;
  /** What is late, when anything is: the link or a source's name. */
  readonly culprit: string | null;
  readonly rebuilding: readonly string[];
}

export const LINK = "link";

export interface Heard {
  /** The monotonic clock now and when the last message came, in seconds. */
  readonly now: number;
  readonly lastHeard: number;
  /** The server's clock now and in the last message that moved the state. */
  readonly serverNow: number;
  readonly ts: number;
  readonly sources: Sources;
  readonly staleS: number;
  /** Seconds between two ticks of the server. */
  readonly tickS: number;
}

/** Before the first snapshot: nothing is known, so nothing is stale. */
export const CONNECTING: Freshness = {
  phase: "connecting", linkAge: null, dataAge: null, trueUntil: null, culprit: null, rebuilding: [],
};

/** Returns how fresh the wall is. */
export function freshness(heard: Heard): Freshness {
  const linkAge = Math.max(0, heard.now - heard.lastHeard);
  const stalest = stalestOf(heard.sources);
  const dataAge = stalest === null ? null : Math.max(0, heard.serverNow - stalest.asOf);
  const extra = 2 * Math.max(0, heard.tickS - 1);
  // A silent link makes every source look old: it is to blame before any of them.
  const lateLink = linkAge > LINK_DELAYED_S + extra;
  const late = lateLink || (dataAge ?? 0) > DATA_DELAYED_S + extra;
  const phase = phaseOf(Math.max(linkAge, dataAge ?? 0), late, heard.staleS);
  return {
    phase,
    linkAge,
    dataAge,
    trueUntil: Math.min(stalest?.asOf ?? heard.ts, heard.ts),
    culprit: phase === "live" ? null : lateLink || stalest === null ? LINK : stalest.name,
    rebuilding: names(heard.sources, "rebuilding"),
  };
}

/** Whether local clocks may tick and colours be shown. */
export function believable(phase: Phase): boolean {
  return phase === "live" || phase === "delayed";
}

function phaseOf(age: number, late: boolean, staleS: number): Phase {
  if (age > LOST_S) {
    return "lost";
  }
  if (age > staleS) {
    return "stale";
  }
  return late ? "delayed" : "live";
}

interface Stalest {
  readonly name: string;
  readonly asOf: number;
}

function stalestOf(sources: Sources): Stalest | null {
  let found: Stalest | null = null;
  for (const [name, { as_of }] of Object.entries(sources)) {
    if (as_of !== null && (found === null || as_of < found.asOf)) {
      found = { name, asOf: as_of };
    }
  }
  return found;
}

function names(sources: Sources, state: string): string[] {
  return Object.keys(sources).filter((name) => sources[name]?.state === state);
}
