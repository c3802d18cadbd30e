/** What became of today's contacts: one bar, from offered to how they ended. Pure. */

import { cellOf } from "./cells.ts";
import * as format from "./format.ts";
import type { Moment } from "./moment.ts";
import { TODAY } from "./view.ts";

export const OUTCOMES = ["answered", "abandoned", "flowed_out"] as const;

export interface Part {
  readonly kpi: string;
  readonly name: string;
  readonly text: string;
  /** Its part of all outcomes, 0..1. */
  readonly share: number;
}

export interface Today {
  readonly offered: Part;
  readonly rate: Part;
  readonly parts: readonly Part[];
}

/** Returns today's figures of the view's segment. */
export function todayOf(moment: Moment): Today {
  const values = OUTCOMES.map((kpi) => valueOf(kpi, moment) ?? 0);
  const all = values.reduce((sum, value) => sum + value, 0);
  return {
    offered: part("offered", 1, moment),
    rate: part("answer_rate", 1, moment),
    parts: OUTCOMES.map((kpi, i) => part(kpi, all ? (values[i] ?? 0) / all : 0, moment)),
  };
}

function part(kpi: string, share: number, moment: Moment): Part {
  const entry = moment.catalog.get(kpi);
  const text = format.inline(moment.words, entry?.unit ?? "contacts", valueOf(kpi, moment));
  return { kpi, name: entry?.name ?? kpi, text, share };
}

function valueOf(kpi: string, { cells, view, fresh }: Moment): number | null {
  const shown = cells.get(cellOf(`${view.segment}@${TODAY}`, kpi));
  return fresh.phase === "lost" ? null : (shown?.value.v ?? null);
}
