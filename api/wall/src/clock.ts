/**
 * The server's clock, guessed from the times in its messages.
 *
 * A message is late by its way through the network, never early: the greatest of the last offsets is the
 * best. The display's own clock may be hours wrong, and the ages stay right.
 */

const KEPT = 30;

export class ServerClock {
  private offsets: number[] = [];

  /** Takes a message's time `ts` in, that came at `at` on the monotonic clock; both in seconds. */
  hear(ts: number, at: number): void {
    this.offsets.push(ts - at);
    if (this.offsets.length > KEPT) {
      this.offsets.shift();
    }
  }

  /** Forgets everything: another server, or the monotonic clock stood still while the machine slept. */
  reset(): void {
    this.offsets = [];
  }

  /** Returns the server's time at `at`, `null` before any message. */
  at(at: number): number | null {
    return this.offsets.length ? at + Math.max(...this.offsets) : null;
  }
}
