/** What the card says of a KPI: its definition, and its formula with the figures of now put in. Pure. */

import type { Reading } from "./api.ts";
import { ofTime, type Kpi } from "./catalog.ts";
import * as format from "./format.ts";
import { sourceName } from "./banner.ts";
import { fill } from "./i18n/index.ts";
import type { Moment } from "./moment.ts";
import type { Status, Value } from "./protocol.ts";
import { valueAt, type Tile } from "./tile.ts";

export interface Line {
  readonly term: string;
  readonly text: string;
  readonly kind: "prose" | "formula" | "fact";
}

export interface Explanation {
  readonly name: string;
  readonly figure: string;
  readonly status: Status;
  readonly rows: readonly Line[];
}

/** Returns the explanation of a tile; without a reading, from what the wall itself holds. */
export function explain(tile: Tile, reading: Reading | null, moment: Moment): Explanation {
  const { kpi, shown } = tile;
  const value = shown?.value;
  const figure = [tile.figure.text, tile.figure.unit].filter(Boolean).join("\u00a0");
  const { card } = moment.words;
  if (kpi === undefined) {
    const row: Line = { term: card.definition, text: card.unknown, kind: "prose" };
    return { name: tile.title, figure, status: tile.status, rows: [row] };
  }
  const rows: (Line | null)[] = [
    { term: card.definition, text: kpi.definition, kind: "prose" },
    formulaOf(kpi, value, reading, moment),
    fact(card.window, windowOf(tile, moment)),
    fact(card.segment, scopeOf(tile, moment)),
    fact(card.share, shareOf(kpi, reading, moment)),
    fact(card.n, sampleOf(kpi, value, moment)),
    fact(card.bounds, boundsOf(kpi, reading, moment)),
    fact(card.target, targetOf(kpi, value, moment)),
    fact(card.source, kpi.source),
    fact(card.freshness, freshnessOf(value, moment)),
  ];
  const told = rows.filter((row) => row !== null);
  return { name: tile.title, figure, status: tile.status, rows: told };
}

function fact(term: string, text: string | null): Line | null {
  return text === null ? null : { term, text, kind: "fact" };
}

function formulaOf(
  kpi: Kpi, value: Value | undefined, reading: Reading | null, moment: Moment,
): Line | null {
  const { words } = moment;
  const id = value?.f ?? Object.keys(kpi.formulas)[0] ?? "";
  const formula = kpi.formulas[id];
  if (formula === undefined) {
    return null;
  }
  const number = (n: number | null | undefined) => (n == null ? "—" : format.count(words, n));
  const shown = valueAt(value, moment);
  const text = fill(formula.text, {
    value: format.inline(words, kpi.unit, shown),
    n: number(value?.n),
    part: amount(kpi, reading?.part, moment),
    whole: amount(kpi, reading?.whole, moment),
  });
  const result = formula.text.includes("{value}") ? "" : ` = ${format.inline(words, kpi.unit, shown)}`;
  const variant = formula.name === null ? "" : ` (${formula.name})`;
  return { term: words.card.formula + variant, text: text + result, kind: "formula" };
}

function windowOf({ topic }: Tile, { words }: Moment): string | null {
  return topic === null ? null : format.window(words, topic.slice(topic.lastIndexOf("@") + 1));
}

function scopeOf({ spec }: Tile, { words }: Moment): string {
  const dimension = spec.segment.split(":")[0] ?? "";
  const name = format.segment(words, spec.segment);
  return spec.segment === "site" ? name : `${words.dimensions[dimension] ?? dimension} ${name}`;
}

function shareOf(kpi: Kpi, reading: Reading | null, moment: Moment): string | null {
  if (reading?.part == null || reading.whole == null) {
    return null;
  }
  return `${amount(kpi, reading.part, moment)} / ${amount(kpi, reading.whole, moment)}`;
}

/** A part or a whole: contacts, or ms of agents' time. */
function amount(kpi: Kpi, n: number | null | undefined, { words }: Moment): string {
  if (n == null) {
    return "—";
  }
  return kpi.part_unit === "ms" ? format.span(n) : format.count(words, n);
}

function sampleOf(kpi: Kpi, value: Value | undefined, { words }: Moment): string | null {
  if (value?.n == null) {
    return null;
  }
  const what = kpi.formulas[value.f]?.n;
  const sample = fill(ofTime(kpi) ? words.sampleTime : words.sample, { n: format.count(words, value.n) });
  return what ? `${sample} (${what})` : sample;
}

function boundsOf(kpi: Kpi, reading: Reading | null, { words }: Moment): string | null {
  const { low, high } = reading ?? {};
  if (low == null || high == null) {
    return null;
  }
  const show = (limit: number) => format.inline(words, kpi.unit, limit);
  return fill(words.between, { low: show(low), high: show(high) });
}

function targetOf(kpi: Kpi, value: Value | undefined, { words }: Moment): string {
  const goal = value?.tgt ?? null;
  const limits = goal && format.target(words, kpi.unit, goal);
  if (goal === null || limits === null) {
    return words.noTarget;
  }
  const minimum = kpi.sampled && goal.minimum_n ? fill(words.card.minimum, { n: goal.minimum_n }) : null;
  return [limits, minimum].filter((x) => x !== null).join(" · ");
}

function freshnessOf(value: Value | undefined, moment: Moment): string {
  const { words, fresh, sources, serverNow } = moment;
  const { trueUntil } = fresh;
  const time =
    trueUntil && fill(words.card.trueAt, { time: format.timeOfDay(words, trueUntil) });
  const ages = Object.entries(sources).map(([name, { as_of }]) => {
    const known = as_of === null ? words.never : format.age(Math.max(0, serverNow - as_of));
    return `${sourceName(moment, name)} ${known}`;
  });
  const notes = [value?.prov ? words.card.provisional : null, value?.rev ? words.card.revised : null];
  const told = [time, ...ages, ...notes];
  return told.filter((x) => x !== null).join(" · ");
}
