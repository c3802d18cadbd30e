import assert from "node:assert/strict";
import { test } from "node:test";

import { happenedOf, rowsOf, scaledOf, stripOf } from "../src/alerts.ts";
import { LANGUAGES } from "../src/i18n/index.ts";
import type { Moment } from "../src/moment.ts";
import { ALERTS, type Alert, type Alerts, type ServerMessage } from "../src/protocol.ts";
import { EMPTY, reduce } from "../src/state.ts";
import { parseView, subscriptionOf } from "../src/view.ts";
import { golden } from "./golden.ts";

const T = 1_790_000_000;

function alert(fields: Partial<Alert> = {}): Alert {
  return {
    episode: "e", rule: "abandonment", segment: "queue:sav", severity: "critical", state: "firing",
    since: T - 75, title: { fr: "25 % raccrochent dans sav", en: "25% give up in sav" },
    kpi: "abandonment_rate", window: "30m", value: 0.25, n: 43, unit: "ratio", threshold: 0.2,
    clear: 0.15, hold: null, target: 0.05, owner: "floor", runbook: "https://example.org/r", acked: null,
    snoozed: null, suppressed: [], next: null, ...fields,
  };
}

function shown(fields: Partial<Alerts> = {}): Alerts {
  return { as_of: T, time_scale: 1, alerts: [alert()], quiet: [], leader: true, ...fields };
}

function moment(alerts: Alerts | null, fields: Partial<Moment> = {}): Moment {
  return {
    view: parseView(""), words: LANGUAGES.fr, catalog: new Map(), trails: new Map(), cells: new Map(),
    fresh: { phase: "live", rebuilding: [], trueUntil: T, culprit: null } as unknown as Moment["fresh"],
    now: 0, serverNow: T, failing: 0, sources: {}, refused: [], alerts, ...fields,
  };
}

const only = (fields: Partial<Alert>) => stripOf(moment(shown({ alerts: [alert(fields)] })), 3)!.lines[0]!;

test("nothing is said where nobody has ever watched, and where all is well", () => {
  assert.equal(stripOf(moment(null), 3), null);
  assert.equal(stripOf(moment(shown({ as_of: null, alerts: [], leader: false })), 3), null);
  assert.equal(stripOf(moment(shown({ alerts: [] })), 3), null);
});

test("that nobody watches any more is said, alert or not", () => {
  assert.equal(stripOf(moment(shown({ alerts: [], leader: false })), 3)?.unwatched, true);
});

test("an alert says what it is, for how long, and that nobody has it", () => {
  const line = only({});
  assert.deepEqual([line.title, line.age, line.who, line.calm], [
    "25 % raccrochent dans sav", "01:15", "personne ne s’en occupe → floor", false,
  ]);
});

test("who is told next stands beside it", () => {
  const who = only({ next: { to: ["duty:ops/page"], at: T + 60 } }).who;
  assert.match(who, /^personne ne s’en occupe → astreinte ops à \d\d:\d\d$/);
});

test("whoever has it, or whatever keeps it quiet, is said, and it no longer shouts", () => {
  const said = (fields: Partial<Alert>) => [only(fields).who, only(fields).calm];
  assert.deepEqual(said({ acked: { by: "ana", at: T, note: "" } }), ["pris en charge par ana", true]);
  assert.deepEqual(said({ suppressed: ["silence:s1"] }), ["en silence", true]);
  assert.deepEqual(said({ suppressed: ["inhibited:feed_stale|site"] }), ["suite d’une autre alerte", true]);
  assert.deepEqual(said({ state: "cooling" }), ["revient au calme", true]);
  assert.deepEqual(said({ state: "resolved" }), ["fini, jamais vu", true]);
});

test("what happened is told with its time, who did it, and their note", () => {
  const event = { at: "2026-09-21T14:13:20Z", kind: "ack", severity: "critical", reason: "person", by: "ana", note: "j’y vais" };
  assert.match(happenedOf(event, LANGUAGES.fr), /^\d\d:\d\d prise en charge · ana · j’y vais$/);
  const ended = { ...event, kind: "resolve", reason: "clear", by: null, note: "" };
  assert.match(happenedOf(ended, LANGUAGES.fr), / finie · retour au calme$/);
  assert.match(happenedOf({ ...event, kind: "new kind", by: null, note: "" }, LANGUAGES.en), / new kind$/);
});

test("as many have room as there is, the rest is counted", () => {
  const alerts = ["a", "b", "c", "d", "e"].map((episode) => alert({ episode }));
  const strip = stripOf(moment(shown({ alerts })), 3)!;
  assert.deepEqual(strip.lines.map((line) => line.alert.episode), ["a", "b", "c"]);
  assert.equal(strip.more, 2);
});

test("a running maintenance and a demonstration's delays are said", () => {
  const quiet = [{ id: "m", kind: "maintenance", from: T - 1, until: T + 60, note: "central" }] as const;
  const then = moment(shown({ alerts: [], quiet, time_scale: 0.1 }));
  assert.match(stripOf(then, 3)!.remarks[0]!, /^Maintenance jusqu’à \d\d:\d\d : central$/);
  assert.equal(scaledOf(then), "Démonstration : délais des alertes × 0,1");
  assert.equal(scaledOf(moment(shown())), null);
});

test("the age of an alert stands still while the numbers do", () => {
  const fresh = { phase: "stale", rebuilding: [], trueUntil: T - 30, culprit: "calls" };
  const frozen = moment(shown(), { fresh: fresh as unknown as Moment["fresh"] });
  assert.equal(stripOf(frozen, 3)!.lines[0]!.age, "45\u00a0s");
});

test("the card tells value, limit, target, and what clears it; what is not known is left out", () => {
  const rows = Object.fromEntries(rowsOf(alert({ target: null }), moment(shown())));
  assert.equal(rows["Mesure"]?.replace(/\u00a0/g, " "), "25 %, 30 min");
  assert.equal(rows["Seuil"]?.replace(/\u00a0/g, " "), "20 %");
  assert.equal(rows["Fin prévue"]?.replace(/\u00a0/g, " "), "≤ 15 %");
  const held = Object.fromEntries(rowsOf(alert({ hold: 450 }), moment(shown())));
  assert.equal(held["Fin prévue"]?.replace(/\u00a0/g, " "), "≤ 15 % pendant 07:30");
  assert.ok(!("cible" in rows));
});

test("alerts come with snapshots and deltas, and go with a snapshot without them", () => {
  const snapshot = golden("snapshot") as Extract<ServerMessage, { type: "snapshot" }>;
  const topics = { ...snapshot.topics, [ALERTS]: { shown: shown() } };
  const told = reduce(EMPTY, { ...snapshot, topics });
  assert.equal(told.alerts?.alerts.length, 1);
  assert.ok(!(ALERTS in told.topics));
  const heartbeat = golden("heartbeat") as Extract<ServerMessage, { type: "delta" }>;
  const d = [[ALERTS, { shown: shown({ alerts: [] }) }]] as const;
  const after = reduce(told, { ...heartbeat, seq: snapshot.seq + 1, d });
  assert.equal(after.alerts?.alerts.length, 0);
  assert.equal(reduce(after, snapshot).alerts, null);
});

test("a server that tells nothing of alerts is no mistake in the address", () => {
  const denied = [{ topic: ALERTS, reason: "unknown" }, { topic: "x@y", reason: "no" }];
  const state = reduce(EMPTY, { type: "subscribed", id: 1, topics: [], denied });
  assert.deepEqual(state.refused, ["x@y : no"]);
  assert.ok(subscriptionOf(parseView("")).topics.includes(ALERTS));
});
