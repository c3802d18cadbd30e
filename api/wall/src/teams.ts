/** The table of teams: in the order of their names, whatever they do, so nobody is ranked. Pure. */

import { cellOf, segmentsLike } from "./cells.ts";
import * as format from "./format.ts";
import { judged, type Moment } from "./moment.ts";
import type { Cell } from "./queues.ts";
import type { Status } from "./protocol.ts";
import { badness, type Shown } from "./settle.ts";
import { tooFew } from "./tile.ts";
import { LIVE } from "./view.ts";

export const TEAM_COLUMNS = [
  "agents_staffed", "agents_available", "adherence", "occupancy", "agents_out_of_adherence",
] as const;

export interface TeamRow {
  readonly segment: string;
  readonly name: string;
  /** The worst of its cells; it marks the row and never moves it. */
  readonly status: Status;
  readonly cells: readonly Cell[];
}

/** Returns the row of each team that has agents now or in the window, by name. */
export function teamsOf(moment: Moment): TeamRow[] {
  const { view, cells, words } = moment;
  const rows = segmentsLike(view.teams, cells)
    .filter((segment) => TEAM_COLUMNS.some((kpi) => shownOf(segment, kpi, moment)?.value.v))
    .map((segment) => rowOf(segment, moment));
  return rows.sort((a, b) => a.name.localeCompare(b.name, words.locale, { numeric: true }));
}

/** Returns how many of some rows ask for a look. */
export function troubled(rows: readonly TeamRow[]): number {
  return rows.filter(({ status }) => badness(status) >= badness("warning")).length;
}

/** Returns the heads of the columns; a unit stands there once, not in every line. */
export function teamHeads({ words, catalog }: Moment): { short: string; name: string }[] {
  const nameOf = (kpi: string) => catalog.get(kpi)?.name ?? kpi;
  return TEAM_COLUMNS.map((kpi) => ({
    short: words.teamColumns[kpi] + (catalog.get(kpi)?.unit === "ratio" ? "\u00a0%" : ""),
    name: kpi === "agents_staffed" ? `${nameOf(kpi)} / ${nameOf("agents_scheduled")}` : nameOf(kpi),
  }));
}

function rowOf(segment: string, moment: Moment): TeamRow {
  const cells = TEAM_COLUMNS.map((kpi) => cellFor(segment, kpi, moment));
  const worst = cells.reduce<Status>(
    (found, { status }) => (badness(status) > badness(found) ? status : found), "none",
  );
  return { segment, name: format.segment(moment.words, segment), status: worst, cells };
}

function cellFor(segment: string, kpi: string, moment: Moment): Cell {
  if (kpi === "agents_staffed") {
    return againstPlan(segment, moment);
  }
  const shown = shownOf(segment, kpi, moment);
  return {
    text: textOf(kpi, shown, moment),
    status: judged(moment) ? (shown?.status ?? "none") : "none",
    faint: shown?.value.v == null || tooFew(shown),
  };
}

/** Present / planned; where somebody is missing, that is what marks it. */
function againstPlan(segment: string, moment: Moment): Cell {
  const texts = ["agents_staffed", "agents_scheduled"].map((kpi) =>
    textOf(kpi, shownOf(segment, kpi, moment), moment),
  );
  const missing = shownOf(segment, "agents_missing", moment);
  return {
    text: texts.join("/"),
    status: judged(moment) ? (missing?.status ?? "none") : "none",
    faint: texts.every((text) => text === format.NO_VALUE.text),
  };
}

function textOf(kpi: string, shown: Shown | undefined, { words, catalog, fresh }: Moment): string {
  const value = fresh.phase === "lost" ? null : (shown?.value.v ?? null);
  return format.figure(words, catalog.get(kpi)?.unit ?? "contacts", value).text;
}

function shownOf(segment: string, kpi: string, { cells, view }: Moment): Shown | undefined {
  return (
    cells.get(cellOf(`${segment}@${LIVE}`, kpi)) ?? cells.get(cellOf(`${segment}@${view.window}`, kpi))
  );
}
