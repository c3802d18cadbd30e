/**
 * What a screen shows is in its address, all of it: a bookmark is a view, a reload changes nothing.
 *
 *     /?title=SAV France&lang=fr&segment=site&tiles=wait_longest@live,service_level@30m&queues=queue:*
 *
 * A tile is `[SEGMENT/]KPI[@WINDOW]`. Segments hold `/`, `@` and `,` percent-encoded, so the query carries
 * them encoded twice.
 */

import { labelHeight } from "./distance.ts";
import type { Lang } from "./i18n/index.ts";
import { ALERTS } from "./protocol.ts";

export interface TileSpec {
  readonly segment: string;
  readonly kpi: string;
  /** `null`: the view's window, or `live` for a KPI without one. */
  readonly window: string | null;
}

export interface View {
  readonly title: string | null;
  readonly lang: Lang | null;
  readonly theme: "dark" | "light";
  readonly segment: string;
  readonly window: string;
  readonly tiles: readonly TileSpec[];
  /** The tiles where nothing is told of agents: those of a default wall would stay empty. */
  readonly tilesWithout: readonly TileSpec[];
  /** Patterns of segments for the tables. */
  readonly queues: string;
  readonly teams: string;
  /** The least height of a label in parts of the screen's height, from the seats' distance; 0 = not asked. */
  readonly label: number;
}

export const LIVE = "live";
export const TODAY = "today";
export const MAX_TILES = 12;
/**
 * Six numbers. Durations are the telephone's: a mean of calls and tickets is nobody's wait. Who waits, and
 * how long on average, makes room for the agents: neither has a target, and the queues say both.
 */
const DEFAULT_TILES =
  "channel:voice/wait_longest@live,service_level@30m,abandonment_rate@30m," +
  "channel:voice/handle_time_mean@60m,adherence@30m,occupancy@30m";
const WITHOUT_AGENTS =
  "channel:voice/wait_longest@live,waiting@live,service_level@30m," +
  "abandonment_rate@30m,channel:voice/wait_mean@30m,channel:voice/handle_time_mean@60m";
const TABLE_KPIS = ["wait_longest", "waiting", "service_level", "abandonment_rate"];
const TODAY_KPIS = ["offered", "answered", "abandoned", "flowed_out", "answer_rate"];
const COMPANIONS = ["in_progress"];
/** What agents do now, in the order of a contact. */
export const AGENT_STATES = [
  "agents_available", "agents_ringing", "agents_on_contact", "agents_on_hold", "agents_wrap_up",
  "agents_paused", "agents_unknown",
] as const;
/** Those planned against those who are there. */
export const AGENT_PLAN = [
  "agents_scheduled", "agents_staffed", "agents_out_of_adherence", "agents_missing",
] as const;
export const AGENT_RATIOS = ["adherence", "occupancy"];

/** Returns the view that a query string means; what it does not know it leaves out. */
export function parseView(query: string): View {
  const params = new URLSearchParams(query);
  const lang = params.get("lang");
  const segment = params.get("segment") ?? "site";
  const asked = params.get("tiles");
  return {
    title: params.get("title"),
    lang: lang === "fr" || lang === "en" ? lang : null,
    theme: params.get("theme") === "light" ? "light" : "dark",
    segment,
    window: params.get("window") ?? "30m",
    tiles: parseTiles(asked ?? DEFAULT_TILES, segment),
    tilesWithout: parseTiles(asked ?? WITHOUT_AGENTS, segment),
    queues: params.get("queues") ?? "queue:*",
    teams: params.get("teams") ?? "team:*",
    label: labelHeight(Number(params.get("screen")), Number(params.get("distance"))),
  };
}

/** Returns every tile that a view may show, each once. */
export function allTiles({ tiles, tilesWithout }: View): TileSpec[] {
  const same = (a: TileSpec, b: TileSpec) =>
    a.segment === b.segment && a.kpi === b.kpi && a.window === b.window;
  return [...tiles, ...tilesWithout.filter((tile) => !tiles.some((other) => same(tile, other)))];
}

/** Returns where a tile's value may be found: a KPI is either live or has a window. */
export function topicsOf(tile: TileSpec, view: View): string[] {
  const windows = tile.window === null ? [LIVE, view.window] : [tile.window];
  return windows.map((window) => `${tile.segment}@${window}`);
}

/** Returns what to subscribe to for a view. */
export function subscriptionOf(view: View): { topics: string[]; kpis: string[] } {
  const tiles = allTiles(view);
  const topics = [
    ...tiles.flatMap((tile) => topicsOf(tile, view)),
    `${view.segment}@${LIVE}`,
    `${view.segment}@${TODAY}`,
    `${view.queues}@${LIVE}`,
    `${view.queues}@${view.window}`,
    `${view.teams}@${LIVE}`,
    `${view.teams}@${view.window}`,
    ALERTS,
  ];
  const kpis = [
    ...tiles.map((tile) => tile.kpi), ...TABLE_KPIS, ...TODAY_KPIS, ...COMPANIONS,
    ...AGENT_STATES, ...AGENT_PLAN, ...AGENT_RATIOS,
  ];
  return { topics: [...new Set(topics)], kpis: [...new Set(kpis)] };
}

function parseTiles(text: string, segment: string): TileSpec[] {
  const tiles = text.split(",").filter(Boolean);
  return tiles.slice(0, MAX_TILES).map((tile) => parseTile(tile, segment));
}

function parseTile(text: string, segment: string): TileSpec {
  const [head = "", window = null] = text.split("@");
  const cut = head.lastIndexOf("/");
  const own = cut < 0 ? segment : head.slice(0, cut);
  return { segment: own, kpi: head.slice(cut + 1), window };
}
