/** The strip of alerts: what people have to act on, worst first, and who does. Pure. */

import * as format from "./format.ts";
import { fill, type Words } from "./i18n/index.ts";
import { shownAt, type Moment } from "./moment.ts";
import type { Alert } from "./protocol.ts";
import type { Happened } from "./api.ts";
import type { Unit } from "./catalog.ts";

export interface Line {
  readonly alert: Alert;
  readonly title: string;
  /** How long it has been there. */
  readonly age: string;
  /** Who has it, who is told next, or why nobody is told. */
  readonly who: string;
  /** Somebody has it, or nobody is told of it on purpose: it need not shout. */
  readonly calm: boolean;
}

export interface Strip {
  readonly lines: readonly Line[];
  /** How many have no room. */
  readonly more: number;
  /** Nobody watches, though somebody did. */
  readonly unwatched: boolean;
  /** What keeps people from being told. */
  readonly remarks: readonly string[];
}

/** Returns the strip of a moment with room for so many, `null` where there is nothing to say. */
export function stripOf(moment: Moment, most: number): Strip | null {
  const { alerts } = moment;
  if (alerts === null || alerts.as_of === null) {
    return null;
  }
  const lines = alerts.alerts.map((alert) => lineOf(alert, moment));
  const unwatched = !alerts.leader;
  const remarks = remarksOf(moment);
  if (!lines.length && !unwatched && !remarks.length) {
    return null;
  }
  return { lines: lines.slice(0, most), more: Math.max(0, lines.length - most), unwatched, remarks };
}

/** Returns one alert in words. */
export function lineOf(alert: Alert, moment: Moment): Line {
  const { words } = moment;
  const age = format.age(Math.max(0, shownAt(moment) - alert.since));
  const title = alert.title[words.locale.slice(0, 2)] ?? alert.rule;
  const calm = alert.acked !== null || alert.suppressed.length > 0 || alert.state !== "firing";
  return { alert, title, age, who: whoOf(alert, words), calm };
}

/** Returns the terms and texts of an alert's card. */
export function rowsOf(alert: Alert, { words, serverNow }: Moment): [string, string][] {
  const w = words.alerts;
  const unit = alert.unit as Unit;
  const show = (value: number | null) => format.inline(words, unit, value);
  const since = `${format.timeOfDay(words, alert.since)} (${format.age(serverNow - alert.since)})`;
  const rows: [string, string | null][] = [
    [w.value, `${show(alert.value)}, ${format.window(words, alert.window)}`],
    [words.card.segment, format.segment(words, alert.segment)],
    [w.threshold, alert.threshold === null ? null : show(alert.threshold)],
    [words.card.target, alert.target === null ? null : show(alert.target)],
    [w.clear, clearOf(alert, show, w.during)],
    [words.card.n, alert.n === null ? null : String(alert.n)],
    [w.since, since],
    [w.owner, alert.owner],
    [w.note, alert.acked?.note || null],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

/** Returns beyond what it ends, on the other side than what raised it, and after how long there. */
function clearOf({ clear, threshold, hold }: Alert, show: (value: number) => string, during: string): string | null {
  if (clear === null) {
    return null;
  }
  const beyond = `${threshold !== null && clear > threshold ? "≥" : "≤"}\u00a0${show(clear)}`;
  return hold === null ? beyond : `${beyond} ${during}\u00a0${format.age(hold)}`;
}

/** Returns what happened to an alert, in words. */
export function happenedOf({ at, kind, reason, by, note }: Happened, words: Words): string {
  const time = format.timeOfDay(words, Date.parse(at) / 1000).slice(0, 5);
  const what = words.alerts.happened[kind] ?? kind;
  return [`${time} ${what}`, words.alerts.reasons[reason], by, note].filter(Boolean).join(" · ");
}

function whoOf(alert: Alert, words: Words): string {
  const w = words.alerts;
  const reason = alert.suppressed[0]?.split(":")[0];
  if (alert.state === "resolved") {
    return w.resolved;
  }
  if (alert.acked !== null) {
    return fill(w.by, { who: alert.acked.by });
  }
  switch (reason) {
    case "snoozed": case "silence": case "maintenance": case "inhibited": case "flapping":
      return w[reason];
  }
  if (alert.state === "cooling") {
    return w.cooling;
  }
  const further = alert.next === null ? alert.owner : nextOf(alert.next, words);
  return `${w.nobody} → ${further}`;
}

function nextOf(next: NonNullable<Alert["next"]>, words: Words): string {
  const who = next.to.map((to) => targetOf(to, words)).join(", ");
  return fill(words.alerts.next, { who, time: format.timeOfDay(words, next.at).slice(0, 5) });
}

/** `duty:floor/page` in words. */
function targetOf(to: string, words: Words): string {
  const [kind = "", rest = ""] = to.split(":");
  const name = rest.split("/")[0] ?? rest;
  if (kind === "duty") {
    return fill(words.alerts.duty, { name });
  }
  return name || words.alerts.supervisor;
}

function remarksOf({ alerts, words, serverNow }: Moment): string[] {
  const w = words.alerts;
  const works = (alerts?.quiet ?? []).filter(
    ({ kind, from, until }) => kind === "maintenance" && from <= serverNow && serverNow < until,
  );
  return works.map(({ until, note }) => {
    const time = format.timeOfDay(words, until).slice(0, 5);
    return [fill(w.underMaintenance, { time }), note].filter(Boolean).join(" : ");
  });
}

/** Returns that the delays of alerts are not those of earnest, `null` where they are. */
export function scaledOf({ alerts, words }: Moment): string | null {
  const scale = alerts?.time_scale ?? 1;
  const shown = new Intl.NumberFormat(words.locale).format(scale);
  return scale === 1 ? null : fill(words.alerts.scaled, { scale: shown });
}
