/** The few things that a wall asks over HTTP. A failure is `null`: the wall says what it knows. */

export interface Reading {
  readonly segment: string;
  readonly kpi: string;
  readonly window: string;
  readonly value: number | null;
  readonly n: number | null;
  readonly part: number | null;
  readonly whole: number | null;
  readonly low?: number | null;
  readonly high?: number | null;
  readonly formula: string;
}

/** Returns one reading of now. */
export async function readReading(
  segment: string, kpi: string, window: string,
): Promise<Reading | null> {
  const query = new URLSearchParams({ segment, kpi, window });
  const body = await json<{ readings: Reading[] }>(`/api/v1/readings?${query}`);
  return body?.readings[0] ?? null;
}

/** Whether the server answers and would give us the page: the gate before a reload. */
export async function reachable(): Promise<boolean> {
  try {
    const answers = await Promise.all(["/healthz", "/"].map((url) => fetch(url, { cache: "no-store" })));
    return answers.every((answer) => answer.ok);
  } catch {
    return false;
  }
}

async function json<T>(url: string): Promise<T | null> {
  try {
    const answer = await fetch(url);
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}
