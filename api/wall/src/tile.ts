/** What one tile says, in words and figures. Pure. */

import { ofTime, type Kpi } from "./catalog.ts";
import { cellOf } from "./cells.ts";
import * as format from "./format.ts";
import type { Figure } from "./format.ts";
import { believable } from "./freshness.ts";
import { gaugeOf, type Gauge } from "./gauge.ts";
import { fill, plural } from "./i18n/index.ts";
import { judged, shownAt, type Moment } from "./moment.ts";
import type { Status, Value } from "./protocol.ts";
import type { Shown } from "./settle.ts";
import { sparkOf, type Spark } from "./spark.ts";
import { LIVE, topicsOf, type TileSpec } from "./view.ts";

export interface Tile {
  readonly key: string;
  readonly spec: TileSpec;
  readonly kpi: Kpi | undefined;
  readonly topic: string | null;
  readonly shown: Shown | undefined;
  readonly title: string;
  /** Segment where it is not the view's, formula where there are several, window. */
  readonly scope: string;
  readonly target: string | null;
  readonly figure: Figure;
  readonly status: Status;
  /** The status in a word, or why there is none. */
  readonly verdict: string;
  /** How far the value is from its target. */
  readonly gap: string | null;
  readonly since: string | null;
  readonly sample: string | null;
  /** Shown, but of too few contacts to mean much. */
  readonly faint: boolean;
  readonly gauge: Gauge | null;
  readonly spark: Spark | null;
}

/** A page that has just been opened knows little of how long something has lasted. */
const WORTH_SAYING_S = 60;

/** Returns a tile of the view at a moment. */
export function tileOf(spec: TileSpec, moment: Moment): Tile {
  const { catalog, words, fresh } = moment;
  const kpi = catalog.get(spec.kpi);
  const topic = topicsOf(spec, moment.view).find((t) => moment.cells.has(cellOf(t, spec.kpi))) ?? null;
  const shown = topic === null ? undefined : moment.cells.get(cellOf(topic, spec.kpi));
  const key = keyOf(spec);
  const value = fresh.phase === "lost" ? null : valueAt(shown?.value, moment);
  const unit = kpi?.unit ?? "contacts";
  const goal = shown?.value.tgt ?? null;
  return {
    key, spec, kpi, topic, shown,
    title: kpi?.name ?? spec.kpi,
    scope: scopeOf(spec, kpi, topic, shown, moment),
    target: goal && format.target(words, unit, goal),
    figure: format.figure(words, unit, value),
    status: judged(moment) ? (shown?.status ?? "none") : "none",
    verdict: verdictOf(spec.kpi, shown, value, moment),
    gap: value === null || goal === null || tooFew(shown) ? null : format.gap(words, unit, value, goal),
    since: sinceOf(shown, moment),
    sample: sampleOf(spec, topic, shown, moment),
    faint: value !== null && tooFew(shown),
    gauge: gaugeOf(value, goal, unit),
    spark: sparkOf(moment.trails.get(key) ?? [], shownAt(moment), goal),
  };
}

/** Returns the name under which a tile's trail is kept. */
export function keyOf({ segment, kpi, window }: TileSpec): string {
  return `${segment}/${kpi}@${window ?? ""}`;
}

/** Returns a value at the moment shown: a wait that still lasts counts on from its beginning. */
export function valueAt(value: Value | undefined, moment: Moment): number | null {
  if (value?.since != null && value.v !== null) {
    return Math.floor(Math.max(0, shownAt(moment) - value.since));
  }
  return value?.v ?? null;
}

function scopeOf(
  spec: TileSpec, kpi: Kpi | undefined, topic: string | null, shown: Shown | undefined, moment: Moment,
): string {
  const { words, view } = moment;
  const own = spec.segment === view.segment ? null : format.segment(words, spec.segment);
  const formula = kpi?.formulas[shown?.value.f ?? ""]?.name ?? null;
  const name = topic?.slice(topic.lastIndexOf("@") + 1) ?? spec.window;
  const plain = name === null || ((own ?? formula) !== null && name === LIVE);
  const window = plain ? null : format.window(words, name);
  return [own, formula, window].filter((part) => part !== null).join(" · ");
}

function verdictOf(
  kpi: string, shown: Shown | undefined, value: number | null, moment: Moment,
): string {
  const { words, fresh } = moment;
  if (!believable(fresh.phase)) {
    return fresh.phase === "connecting" ? "" : words.phase[fresh.phase];
  }
  if (value === null) {
    const nobody = shown !== undefined && kpi === "wait_longest" && fresh.dataAge !== null && !fresh.rebuilding.length;
    return nobody ? words.nobodyWaits : words.noData;
  }
  if (shown?.value.tgt == null) {
    return words.noTarget;
  }
  if (tooFew(shown)) {
    return ofTime(moment.catalog.get(kpi)) ? words.tooShort : words.tooFew;
  }
  return judged(moment) ? words.status[shown.status] : words.incomplete;
}

function sinceOf(shown: Shown | undefined, moment: Moment): string | null {
  const bad = shown?.status === "warning" || shown?.status === "critical";
  if (!bad || !judged(moment)) {
    return null;
  }
  const lasts = moment.now - shown.statusAt;
  if (!shown.statusSeenBegin && lasts < WORTH_SAYING_S) {
    return null;
  }
  const time = format.duration(lasts);
  return fill(shown.statusSeenBegin ? moment.words.since : moment.words.sinceOver, { time });
}

/** What the figure rests on; beside what is true now, the count that belongs to it. */
function sampleOf(
  spec: TileSpec, topic: string | null, shown: Shown | undefined, moment: Moment,
): string | null {
  const { words, cells, fresh, catalog } = moment;
  const n = shown?.value.n;
  if (fresh.phase === "lost" || shown === undefined) {
    return null;
  }
  if (spec.kpi === "waiting") {
    const served = cells.get(cellOf(topic ?? "", "in_progress"))?.value.v;
    return served == null ? null : plural(words, words.inProgress, served, format.count(words, served));
  }
  if (spec.kpi === "wait_longest") {
    return n ? plural(words, words.waiting, n, format.count(words, n)) : null;
  }
  const said = ofTime(catalog.get(spec.kpi)) ? words.sampleTime : words.sample;
  const sample = n == null ? null : fill(said, { n: format.count(words, n) });
  const told = [sample, shown.value.rev ? words.revised : null].filter((part) => part !== null);
  return told.length ? told.join(" · ") : null;
}

/** Shown without a verdict, because it rests on too few contacts. */
export function tooFew(shown: Shown | undefined): boolean {
  const { st, n, tgt, v } = shown?.value ?? { st: "none", n: null, tgt: null, v: null };
  return v !== null && st === "none" && tgt !== null && n !== null && n < tgt.minimum_n;
}
