/** The one sentence across the wall when its figures cannot be taken as they stand. Pure. */

import * as format from "./format.ts";
import { LINK } from "./freshness.ts";
import { fill } from "./i18n/index.ts";
import type { Moment } from "./moment.ts";

export interface Banner {
  readonly kind: "frozen" | "unreachable" | "refused" | "rebuilding";
  readonly title: string;
  readonly detail: string;
}

/** A page that has just been opened may still be connecting. */
const PATIENCE_S = 5;

/** Returns the banner of a moment, `null` while all is well. */
export function bannerOf(moment: Moment): Banner | null {
  const { words, refused } = moment;
  const { phase, rebuilding } = moment.fresh;
  if (phase === "stale" || phase === "lost") {
    return frozen(moment);
  }
  if (refused.length) {
    return { kind: "refused", title: words.refused, detail: refused.join(" · ") };
  }
  if (phase === "connecting") {
    return moment.failing > PATIENCE_S ? unreachable(moment) : null;
  }
  return rebuilding.length ? rebuildingBanner(moment, rebuilding) : null;
}

/** Returns a source's name in words. */
export function sourceName({ words }: Moment, name: string): string {
  return words.sources[name] ?? name;
}

function frozen(moment: Moment): Banner {
  const { words, fresh, serverNow } = moment;
  const since = fresh.trueUntil ?? serverNow;
  const age = fill(words.frozenSince, { age: format.duration(serverNow - since) });
  const culprit = fresh.culprit ?? LINK;
  const blame =
    culprit === LINK
      ? words.blameLink
      : fill(words.blameSource, { source: sourceName(moment, culprit) });
  const time = fill(words.lastTrue, { time: format.timeOfDay(words, since) });
  const detail = [time, fresh.phase === "lost" ? words.givenUp : null, blame];
  return {
    kind: "frozen",
    title: `${words.frozen} ${age}`,
    detail: detail.filter((x) => x !== null).join(" · "),
  };
}

function unreachable({ words, failing }: Moment): Banner {
  const age = fill(words.frozenSince, { age: format.duration(failing) });
  return { kind: "unreachable", title: `${words.unreachable} ${age}`, detail: words.blameLink };
}

function rebuildingBanner(moment: Moment, rebuilding: readonly string[]): Banner {
  const sources = rebuilding.map((name) => sourceName(moment, name)).join(", ");
  const detail = fill(moment.words.rebuildingWhy, { sources });
  return { kind: "rebuilding", title: moment.words.rebuilding, detail };
}
