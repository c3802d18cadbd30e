/**
 * The shell: messages go in, moments to be drawn come out. All thinking is in the pure modules.
 *
 * A message is applied at once; what is drawn is always the latest state, so a slow or hidden tab skips
 * pictures and never replays them. While the data are stale, what was shown last stays as it was.
 */

import { agentsOf, type Agents } from "./agents.ts";
import type { Catalog } from "./catalog.ts";
import { settleAll, type Cells } from "./cells.ts";
import { ServerClock } from "./clock.ts";
import { believable, CONNECTING, freshness, type Freshness } from "./freshness.ts";
import type { Words } from "./i18n/index.ts";
import { judged, type Moment } from "./moment.ts";
import type { ServerMessage } from "./protocol.ts";
import { orderOf, type Order } from "./queues.ts";
import { EMPTY, reduce, type State } from "./state.ts";
import { tileOf, valueAt, type Tile } from "./tile.ts";
import { extend, type Trail } from "./trail.ts";
import type { View } from "./view.ts";

export interface Picture {
  readonly moment: Moment;
  readonly tiles: readonly Tile[];
  readonly order: Order;
  /** `null` where nothing is told of agents. */
  readonly agents: Agents | null;
}

export class Wall {
  state: State = EMPTY;
  catalog: Catalog = new Map();
  private readonly clock = new ServerClock();
  private lastHeard: number | null = null;
  private cells: Cells = new Map();
  private order: Order | null = null;

  constructor(
    private readonly view: View,
    public words: Words,
    readonly trails: Map<string, Trail>,
  ) {}

  /** Takes a message in that came at `now`, monotonic seconds. */
  hear(message: ServerMessage, now: number): void {
    this.lastHeard = now;
    if ("ts" in message) {
      this.clock.hear(message.ts, now);
    }
    this.state = reduce(this.state, message);
  }

  /** The machine slept: what was known of the server's clock is worth nothing. */
  wake(): void {
    this.clock.reset();
  }

  /** Seconds between two ticks of the server. */
  get tickS(): number {
    return (this.state.hello?.tick_ms ?? 1_000) / 1000;
  }

  /** Returns the server's time, NaN before any message. */
  serverNow(now: number): number {
    return this.clock.at(now) ?? NaN;
  }

  /** Returns the picture of `now`; `own` is the display's own clock, Unix seconds. */
  picture(now: number, own: number, failing: number): Picture {
    const serverNow = this.clock.at(now) ?? own;
    const fresh = this.freshness(now, serverNow);
    this.settle(fresh, now);
    const moment = this.moment(fresh, now, serverNow, failing);
    this.order = orderOf(this.order, moment);
    const agents = agentsOf(moment);
    const specs = agents === null ? this.view.tilesWithout : this.view.tiles;
    const tiles = specs.map((spec) => tileOf(spec, moment));
    this.extendTrails(tiles, moment);
    return { moment, tiles, order: this.order, agents };
  }

  private freshness(now: number, serverNow: number): Freshness {
    const { ts, sources, hello } = this.state;
    if (this.lastHeard === null || ts === null || this.catalog.size === 0) {
      return CONNECTING;
    }
    const [staleS, tickS] = [(hello?.stale_ms ?? 10_000) / 1000, this.tickS];
    return freshness({ now, lastHeard: this.lastHeard, serverNow, ts, sources, staleS, tickS });
  }

  private settle(fresh: Freshness, now: number): void {
    const first = this.cells.size === 0;
    if (fresh.phase !== "connecting" && (believable(fresh.phase) || first)) {
      this.cells = settleAll(this.cells, this.state.topics, this.catalog, now);
    }
  }

  private moment(fresh: Freshness, now: number, serverNow: number, failing: number): Moment {
    const { view, words, catalog, cells, trails } = this;
    return {
      view, words, catalog, cells, trails, fresh, now, serverNow, failing,
      sources: this.state.sources, alerts: this.state.alerts, refused: this.state.refused,
    };
  }

  private extendTrails(tiles: readonly Tile[], moment: Moment): void {
    if (!judged(moment)) {
      return;
    }
    for (const { key, shown } of tiles) {
      const value = valueAt(shown?.value, moment);
      this.trails.set(key, extend(this.trails.get(key) ?? [], moment.serverNow, value));
    }
  }
}
