/**
 * Whether the numbers can be believed: the state machine of the wall's honesty. Pure.
 *
 * Two ages that know nothing of each other: the link's, since anything came from the server, and the data's,
 * from the stalest source. A live link to a server whose workers are dead is as frozen as a dead link.
 *
 *     connecting ──first snapshot──▶ live ⇄ delayed ⇄ stale ⇄ lost
 *                                    ≤ 3 s   ≤ 10 s   > 10 s   > 5 min
 */

import type { Sources } from "./protocol.ts";

export type Phase = "connecting" | "live" | "delayed" | "stale" | "lost";

export const DELAYED_S = 3;
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
  const worst = Math.max(linkAge, dataAge ?? 0);
  const delayedS = Math.max(DELAYED_S, 2.5 * heard.tickS);
  const phase = phaseOf(worst, delayedS, heard.staleS);
  return {
    phase,
    linkAge,
    dataAge,
    trueUntil: Math.min(stalest?.asOf ?? heard.ts, heard.ts),
    culprit: phase === "live" ? null : culpritOf(linkAge, delayedS, stalest),
    rebuilding: names(heard.sources, "rebuilding"),
  };
}

/** Whether local clocks may tick and colours be shown. */
export function believable(phase: Phase): boolean {
  return phase === "live" || phase === "delayed";
}

function phaseOf(age: number, delayedS: number, staleS: number): Phase {
  if (age > LOST_S) {
    return "lost";
  }
  if (age > staleS) {
    return "stale";
  }
  return age > delayedS ? "delayed" : "live";
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

/** A silent link makes every source look old: it is to blame before any of them. */
function culpritOf(linkAge: number, delayedS: number, stalest: Stalest | null): string {
  return linkAge > delayedS || stalest === null ? LINK : stalest.name;
}

function names(sources: Sources, state: string): string[] {
  return Object.keys(sources).filter((name) => sources[name]?.state === state);
}
