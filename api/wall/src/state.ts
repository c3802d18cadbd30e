/**
 * What the server has said, as a fold over its messages. Pure: no clock, no socket.
 *
 * Values are absolute, so a message may come twice. A hole in `seq` makes the state unsynced: deltas are
 * then left aside until a snapshot comes, and `as_of` stays where it was, so that the wall goes stale
 * by itself should none come.
 */

import {
  ALERTS, type Alerts, type Delta, type Hello, type ServerMessage, type Shown, type Snapshot,
  type Sources, type Subscribed, type Topics, type Value, type Values,
} from "./protocol.ts";

export interface State {
  readonly hello: Hello | null;
  readonly epoch: string | null;
  readonly seq: number;
  /** The server's clock in the last message that moved it. */
  readonly ts: number | null;
  readonly sources: Sources;
  readonly topics: Topics;
  /** `null`: the server tells nothing of alerts. */
  readonly alerts: Alerts | null;
  /** What the server would not give us, and why; in its own words. */
  readonly refused: readonly string[];
  /** False: a snapshot is needed before a delta can be applied. */
  readonly synced: boolean;
}

export const EMPTY: State = {
  hello: null, epoch: null, seq: 0, ts: null, sources: {}, topics: {}, alerts: null, refused: [], synced: false,
};

/** Returns the state after a message. */
export function reduce(state: State, message: ServerMessage): State {
  switch (message.type) {
    case "hello":
      // A new connection. What we hold stays to be looked at until its snapshot comes.
      return { ...state, hello: message, epoch: message.epoch, synced: false };
    case "subscribed":
      return { ...state, refused: refusedOf(message) };
    case "snapshot":
      return snapshot(state, message);
    case "delta":
      return delta(state, message);
    case "error":
      // Only a subscription has an id; anything else that went wrong is our own mistake.
      return message.id === null ? state : { ...state, refused: [message.message] };
    case "bye":
      return state;
  }
}

/** Returns one value, `undefined` when the server sends none. */
export function valueOf(topics: Topics, topic: string, kpi: string): Value | undefined {
  return topics[topic]?.[kpi];
}

/** A server that tells nothing of alerts is no mistake in the address. */
function refusedOf({ denied }: Subscribed): string[] {
  return denied
    .filter(({ topic }) => topic !== ALERTS)
    .map(({ topic, reason }) => `${topic} : ${reason}`);
}

function snapshot(state: State, message: Snapshot): State {
  const { epoch, seq, ts, sources } = message;
  const { [ALERTS]: told, ...topics } = message.topics;
  const alerts = told === undefined ? null : (told as Shown).shown;
  return { ...state, epoch, seq, ts, sources, topics: topics as Topics, alerts, synced: true };
}

function delta(state: State, message: Delta): State {
  if (!state.synced || message.seq < state.seq) {
    return state;
  }
  if (message.seq > state.seq + 1) {
    return { ...state, synced: false };
  }
  const sources = { ...state.sources };
  for (const [name, moved] of Object.entries(message.src)) {
    const before = sources[name]?.state ?? "live";
    sources[name] = typeof moved === "number" ? { as_of: moved, state: before } : moved;
  }
  const topics = { ...state.topics };
  let { alerts } = state;
  for (const [topic, changed] of message.d) {
    if (topic === ALERTS) {
      alerts = (changed as Shown).shown;
    } else {
      topics[topic] = merge(topics[topic] ?? {}, changed as Changed);
    }
  }
  return { ...state, seq: message.seq, ts: message.ts, sources, topics, alerts };
}

type Changed = Readonly<Record<string, Value | null>>;

function merge(before: Values, changed: Changed): Values {
  const after: Record<string, Value> = { ...before };
  for (const [kpi, value] of Object.entries(changed)) {
    if (value === null) {
      delete after[kpi];
    } else {
      after[kpi] = value;
    }
  }
  return after;
}
