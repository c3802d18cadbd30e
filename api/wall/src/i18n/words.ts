/** Everything the wall says itself; names and definitions of KPIs come from the catalogue. */

import type { AgentKpi } from "../agents.ts";
import type { TEAM_COLUMNS } from "../teams.ts";

export interface Plural {
  readonly one: string;
  readonly other: string;
}

/** All words of one language: a language is complete or it does not compile. */
export interface Words {
  readonly locale: string;
  readonly wall: string;
  readonly now: string;
  readonly today: string;
  readonly interval: string;
  readonly minutes: string;
  readonly hours: string;
  readonly days: string;
  readonly site: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, string>>;
  readonly target: string;
  readonly between: string;
  readonly noTarget: string;
  readonly noData: string;
  readonly nobodyWaits: string;
  readonly tooFew: string;
  readonly tooShort: string;
  readonly sample: string;
  readonly sampleTime: string;
  readonly revised: string;
  readonly status: { readonly ok: string; readonly warning: string; readonly critical: string; readonly none: string };
  readonly above: string;
  readonly below: string;
  readonly points: Plural;
  readonly contacts: Plural;
  readonly agentsCounted: Plural;
  readonly waiting: Plural;
  readonly inProgress: Plural;
  readonly since: string;
  readonly sinceOver: string;
  readonly queues: string;
  readonly worstFirst: string;
  readonly queue: string;
  readonly columns: { readonly wait_longest: string; readonly waiting: string; readonly service_level: string; readonly abandonment_rate: string };
  readonly someOf: string;
  readonly noQueues: string;
  readonly agents: string;
  readonly agentNames: Readonly<Record<AgentKpi, Plural>>;
  /** Before the missing: they are among those out of adherence. */
  readonly ofThem: string;
  readonly teams: string;
  readonly byName: string;
  readonly team: string;
  readonly teamColumns: Readonly<Record<(typeof TEAM_COLUMNS)[number], string>>;
  /** Of the rows that have no room, how many are off target. */
  readonly hiddenTrouble: Plural;
  readonly phase: { readonly connecting: string; readonly live: string; readonly delayed: string; readonly stale: string; readonly lost: string };
  readonly link: string;
  readonly never: string;
  readonly frozen: string;
  readonly frozenSince: string;
  readonly lastTrue: string;
  readonly blameLink: string;
  readonly blameSource: string;
  readonly unreachable: string;
  readonly refused: string;
  readonly rebuilding: string;
  readonly rebuildingWhy: string;
  readonly incomplete: string;
  readonly givenUp: string;
  readonly hint: string;
  /** What a view gave up so that its letters can be read from the farthest seat. */
  readonly dropped: string;
  readonly parts: { readonly spark: string; readonly foot: string; readonly table: string; readonly tiles: string; readonly states: string; readonly agents: string };
  readonly card: {
    readonly open: string;
    readonly close: string;
    readonly previous: string;
    readonly next: string;
    readonly definition: string;
    readonly formula: string;
    readonly window: string;
    readonly segment: string;
    readonly n: string;
    readonly share: string;
    readonly bounds: string;
    readonly target: string;
    readonly minimum: string;
    readonly source: string;
    readonly freshness: string;
    readonly trueAt: string;
    readonly provisional: string;
    readonly revised: string;
    readonly unknown: string;
  };
  readonly alerts: {
    /** What the strip is called. */
    readonly name: string;
    readonly more: string;
    readonly by: string;
    readonly nobody: string;
    /** Who is told next, and when. */
    readonly next: string;
    readonly duty: string;
    readonly supervisor: string;
    readonly snoozed: string;
    readonly silence: string;
    readonly maintenance: string;
    readonly inhibited: string;
    readonly flapping: string;
    /** It is clear, for too short a time yet. */
    readonly cooling: string;
    readonly resolved: string;
    readonly unwatched: string;
    readonly unwatchedWhy: string;
    readonly scaled: string;
    readonly underMaintenance: string;
    readonly value: string;
    readonly threshold: string;
    readonly clear: string;
    /** Before how long it must be clear. */
    readonly during: string;
    readonly since: string;
    readonly owner: string;
    readonly runbook: string;
    readonly take: string;
    readonly snooze: string;
    readonly who: string;
    readonly note: string;
    readonly giveBack: string;
    readonly silence2h: string;
    readonly history: string;
    /** What happened, by the kind of event. */
    readonly happened: Readonly<Record<string, string>>;
    /** Why an alert ended. */
    readonly reasons: Readonly<Record<string, string>>;
    /** The server does not know yet whether it was done. */
    readonly pending: string;
    readonly failed: string;
  };
  readonly sparkline: string;
}
