/**
 * A reload that never shows an error page: only when the server answers, and never in a loop.
 *
 * Asked for when the server was built anew, speaks another protocol, or answers HTTP while the WebSocket has failed
 * for a minute. A thousand screens spread theirs over half a minute.
 */

import type { Memory } from "./memory.ts";

export const SPREAD_MS = 30_000;
export const RETRY_MS = 5_000;
export const APART_MS = 5 * 60_000;
const KEY = "pouls.reloaded";

/** What the gate needs of the world. */
export interface Doors {
  nowMs(): number;
  random(): number;
  later(call: () => void, ms: number): void;
  /** Whether the server answers and would give us the page. */
  reachable(): Promise<boolean>;
  reload(): void;
  memory: Memory;
}

export class Gate {
  private waiting = false;

  constructor(private readonly doors: Doors) {}

  /** Asks for a reload, to be made if `still` is true by then; the first asking counts. */
  request(still: () => boolean): void {
    if (this.waiting) {
      return;
    }
    this.waiting = true;
    const { doors } = this;
    const last = Number(doors.memory.getItem(KEY) ?? -Infinity);
    const rest = Math.max(0, last + APART_MS - doors.nowMs());
    doors.later(() => void this.pass(still), rest + doors.random() * SPREAD_MS);
  }

  private async pass(still: () => boolean): Promise<void> {
    const { doors } = this;
    if (!still()) {
      this.waiting = false;
    } else if (await doors.reachable()) {
      doors.memory.setItem(KEY, String(doors.nowMs()));
      doors.reload();
    } else {
      doors.later(() => void this.pass(still), RETRY_MS);
    }
  }
}
