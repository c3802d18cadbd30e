/** What a screen reader is told: changes of state, never values, and at most one each 10 s. Pure. */

import { bannerOf } from "./banner.ts";
import type { Moment } from "./moment.ts";
import type { Status } from "./protocol.ts";
import type { Tile } from "./tile.ts";

export const QUIET_S = 10;

export interface Announced {
  readonly at: number;
  readonly text: string;
  /** What was true when it was said: the banner's kind and each tile's status. */
  readonly of: string;
}

/** Returns what is announced now: the same object while nothing new is to be said. */
export function announce(before: Announced | null, moment: Moment, tiles: readonly Tile[]): Announced {
  const banner = bannerOf(moment);
  const state = banner?.kind ?? tiles.map((tile) => tile.status).join();
  if (before !== null && (state === before.of || moment.now - before.at < QUIET_S)) {
    return before;
  }
  const bad = tiles.filter(({ status }) => status === "critical" || status === "warning");
  const text = banner?.title ?? bad.map((tile) => sentence(tile, moment)).join(". ");
  return { at: moment.now, text, of: state };
}

function sentence({ title, status }: Tile, { words }: Moment): string {
  return `${title} : ${words.status[status satisfies Status]}`;
}
