/** The agents: what they do now, and those planned against those who are there. Pure. */

import { cellOf } from "./cells.ts";
import type { Moment } from "./moment.ts";
import { tileOf, type Tile } from "./tile.ts";
import { AGENT_PLAN, AGENT_RATIOS, AGENT_STATES, LIVE, type TileSpec } from "./view.ts";

export type AgentKpi = (typeof AGENT_STATES)[number] | (typeof AGENT_PLAN)[number];

/** A count of agents is told like any other KPI: it has a card too. */
export interface Agents {
  readonly plan: readonly Tile[];
  readonly states: readonly Tile[];
}

/** Whether the operation tells of its agents; where it does not, there is nothing to be shown empty. */
export function toldOf({ cells, view }: Moment): boolean {
  const some = (window: string, kpis: readonly string[]) =>
    kpis.some((kpi) => cells.get(cellOf(`${view.segment}@${window}`, kpi))?.value.v);
  return some(LIVE, [...AGENT_STATES, ...AGENT_PLAN]) || some(view.window, AGENT_RATIOS);
}

/** Returns the agents of the view's segment; `null` where nothing is told of any. */
export function agentsOf(moment: Moment): Agents | null {
  if (!toldOf(moment)) {
    return null;
  }
  const { segment } = moment.view;
  const tile = (kpi: string) => tileOf(specOf(segment, kpi), moment);
  return { plan: AGENT_PLAN.map(tile), states: AGENT_STATES.map(tile) };
}

const SPECS = new Map<string, TileSpec>();

/** One object for each, since a card asks again when its KPI's changes. */
function specOf(segment: string, kpi: string): TileSpec {
  const key = cellOf(segment, kpi);
  const spec = SPECS.get(key) ?? { segment, kpi, window: LIVE };
  SPECS.set(key, spec);
  return spec;
}
