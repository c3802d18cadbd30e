/** The messages of `/ws/v1`, protocol 1, as `api/messages.py` writes them. Times are Unix seconds. */

export const VERSION = 1;
export const SUBPROTOCOL = "kpi.v1";

export type Status = "ok" | "warning" | "critical" | "none";

/** Bands, inclusive: ok inside [low, high], warning inside the wider pair; `null` = no limit. */
export interface Target {
  readonly low: number | null;
  readonly high: number | null;
  readonly warning_low: number | null;
  readonly warning_high: number | null;
  readonly minimum_n: number;
}

/** One KPI of one topic; `v` is `null` when there are no data. */
export interface Value {
  readonly v: number | null;
  readonly n: number | null;
  readonly st: Status;
  readonly tgt: Target | null;
  /** The oldest wait began here: a clock may count on from it while the data are fresh. */
  readonly since: number | null;
  /** The formula's id, such as SL-B. */
  readonly f: string;
  readonly rev: boolean;
  readonly prov: boolean;
}

/** How far one topic's stalest partition has been read. */
export interface SourceState {
  readonly as_of: number | null;
  readonly state: "live" | "rebuilding";
}

export type Values = Readonly<Record<string, Value>>;
export type Topics = Readonly<Record<string, Values>>;
export type Sources = Readonly<Record<string, SourceState>>;

/** The topic of alerts; its one key is `shown`. */
export const ALERTS = "alerts@live";

export interface Alert {
  readonly episode: string;
  readonly rule: string;
  readonly segment: string;
  readonly severity: "warning" | "critical";
  readonly state: "firing" | "cooling" | "resolved";
  readonly since: number;
  readonly title: Readonly<Record<string, string>>;
  readonly kpi: string;
  readonly window: string;
  readonly value: number | null;
  readonly n: number | null;
  readonly unit: string;
  readonly threshold: number | null;
  readonly clear: number | null;
  /** So many seconds it must be clear to end. */
  readonly hold: number | null;
  readonly target: number | null;
  readonly owner: string;
  readonly runbook: string;
  readonly acked: { readonly by: string; readonly at: number; readonly note: string } | null;
  readonly snoozed: { readonly by: string; readonly until: number } | null;
  /** Why nobody is told: `silence:ID`, `maintenance:ID`, `inhibited:RULE|SEGMENT`, `snoozed`, `flapping`. */
  readonly suppressed: readonly string[];
  readonly next: { readonly to: readonly string[]; readonly at: number } | null;
}

/** All that is shown of alerts, worst first. */
export interface Alerts {
  /** `null`: nobody has ever watched. */
  readonly as_of: number | null;
  /** What the durations of all rules are multiplied by; 1 outside of demonstrations. */
  readonly time_scale: number;
  readonly alerts: readonly Alert[];
  readonly quiet: readonly {
    readonly id: string;
    readonly kind: "silence" | "maintenance";
    readonly from: number;
    readonly until: number;
    readonly note: string;
  }[];
  /** Whether somebody watches. */
  readonly leader: boolean;
}

export interface Hello {
  readonly type: "hello";
  readonly v: number;
  readonly epoch: string;
  readonly build: string;
  readonly ts: number;
  readonly tick_ms: number;
  readonly stale_ms: number;
  readonly locale: string;
  readonly catalog: string;
}

export interface Subscribed {
  readonly type: "subscribed";
  readonly id: number;
  readonly topics: readonly string[];
  readonly denied: readonly { readonly topic: string; readonly reason: string }[];
}

export interface Snapshot {
  readonly type: "snapshot";
  readonly epoch: string;
  readonly seq: number;
  readonly ts: number;
  readonly sources: Sources;
  readonly topics: Readonly<Record<string, Values | Shown>>;
}

/** What the topic of alerts holds instead of values. */
export interface Shown {
  readonly shown: Alerts;
}

export interface Delta {
  readonly type: "delta";
  readonly seq: number;
  readonly ts: number;
  /** A number is the new `as_of`; the state is then the one before. */
  readonly src: Readonly<Record<string, number | SourceState>>;
  /** `null` = the KPI is no longer sent. */
  readonly d: readonly (readonly [string, Readonly<Record<string, Value | null>> | Shown])[];
}

export interface Refusal {
  readonly type: "error";
  readonly id: number | null;
  readonly code: string;
  readonly message: string;
}

export interface Bye {
  readonly type: "bye";
  readonly reason: string;
  readonly retry_ms: readonly [number, number];
}

export type ServerMessage = Hello | Subscribed | Snapshot | Delta | Refusal | Bye;

export interface Subscribe {
  readonly type: "subscribe";
  readonly id: number;
  readonly topics: readonly string[];
  readonly kpis?: readonly string[];
}

export type ClientMessage = Subscribe | { readonly type: "resync" };

const KNOWN: ReadonlySet<unknown> = new Set([
  "hello", "subscribed", "snapshot", "delta", "error", "bye",
]);

/** Returns a server's message, `null` for what is none or of a type that we do not know. */
export function decode(text: string): ServerMessage | null {
  try {
    const message: unknown = JSON.parse(text);
    const known = typeof message === "object" && message !== null && "type" in message;
    return known && KNOWN.has(message.type) ? (message as ServerMessage) : null;
  } catch {
    return null;
  }
}
