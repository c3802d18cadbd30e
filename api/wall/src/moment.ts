/** Everything that one picture of the wall is made from, frozen for the time of drawing it. */

import type { Catalog } from "./catalog.ts";
import type { Cells } from "./cells.ts";
import type { Freshness } from "./freshness.ts";
import type { Words } from "./i18n/index.ts";
import type { Alerts, Sources } from "./protocol.ts";
import { believable } from "./freshness.ts";
import type { Trail } from "./trail.ts";
import type { View } from "./view.ts";

export interface Moment {
  readonly view: View;
  readonly words: Words;
  readonly catalog: Catalog;
  readonly cells: Cells;
  readonly trails: ReadonlyMap<string, Trail>;
  readonly sources: Sources;
  /** `null`: the server tells nothing of alerts. */
  readonly alerts: Alerts | null;
  readonly fresh: Freshness;
  /** What the server would not give us. */
  readonly refused: readonly string[];
  /** The monotonic clock, seconds. */
  readonly now: number;
  /** The server's clock; the display's own before the first message. */
  readonly serverNow: number;
  /** How long we have been trying in vain, seconds; 0 when connected. */
  readonly failing: number;
}

/** Whether colours and words may judge: the data are fresh and complete. */
export function judged({ fresh }: Moment): boolean {
  return believable(fresh.phase) && fresh.rebuilding.length === 0;
}

/** The moment that the shown values are of: now while they are fresh, else the last at which they were. */
export function shownAt({ fresh, serverNow }: Moment): number {
  return believable(fresh.phase) ? serverNow : (fresh.trueUntil ?? serverNow);
}
