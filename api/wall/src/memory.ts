/** What a tab keeps over its reloads, as far as its browser lets it. */

import type { Trail } from "./trail.ts";

export type Memory = Pick<Storage, "getItem" | "setItem">;

const TRAILS = "pouls.trails";

/** Returns the tab's storage; where it is forbidden, one that lasts as long as the page. */
export function memory(): Memory {
  try {
    return sessionStorage;
  } catch {
    const held = new Map<string, string>();
    return { getItem: (key) => held.get(key) ?? null, setItem: (key, text) => void held.set(key, text) };
  }
}

/** Returns the trails that were remembered. */
export function recallTrails(from: Memory): Map<string, Trail> {
  try {
    return new Map(JSON.parse(from.getItem(TRAILS) ?? "[]") as [string, Trail][]);
  } catch {
    return new Map();
  }
}

/** Remembers trails: the past half hour is not lost with a new build. */
export function rememberTrails(into: Memory, trails: ReadonlyMap<string, Trail>): void {
  into.setItem(TRAILS, JSON.stringify([...trails]));
}
