/** Screens that must not sleep, and what to do when the machine did. */

/** More than clocks are corrected by. */
const SLEPT_MS = 5_000;

/** Asks the browser to keep the screen on. */
export async function stayAwake(): Promise<void> {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // Refused, or no secure context: the kiosk's own settings have to do it.
  }
}

/** Returns a function that compares the two clocks and calls `woke`: only one of them runs in sleep. */
export function sleepWatch(woke: () => void): () => void {
  let ahead = Date.now() - performance.now();
  return () => {
    const now = Date.now() - performance.now();
    if (now - ahead > SLEPT_MS) {
      woke();
    }
    ahead = now;
  };
}
