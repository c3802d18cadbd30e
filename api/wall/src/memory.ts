/** The trails of a tab, kept over its reloads: the past half hour is not lost with a new build. */

import type { Trail } from "./trail.ts";

const KEY = "pouls.trails";

export function recall(storage: Storage): Map<string, Trail> {
  try {
    return new Map(JSON.parse(storage.getItem(KEY) ?? "[]") as [string, Trail][]);
  } catch {
    return new Map();
  }
}

export function remember(storage: Storage, trails: ReadonlyMap<string, Trail>): void {
  storage.setItem(KEY, JSON.stringify([...trails]));
}
