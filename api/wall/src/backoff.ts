/** When to try again: full jitter, so that a thousand screens do not come back in the same second. */

export const FIRST_MS = 500;
export const CAP_MS = 15_000;
/** Attempts that a "slow down" of the server counts for. */
const SLOW = 4;

const OVERLOAD = 1013;
const TOO_SLOW = 4408;
const REPLACED = 4409;
const TOO_MANY = 4429;

/** Returns the wait before attempt number `attempt` (0 = the first), `random` in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(CAP_MS, FIRST_MS * 2 ** attempt);
}

/** Returns the attempt to count from after a close code: some codes ask us to come back slowly. */
export function attemptAfter(code: number, attempt: number): number {
  const slow = [OVERLOAD, TOO_SLOW, REPLACED, TOO_MANY].includes(code);
  return slow ? Math.max(SLOW, attempt) : attempt;
}
