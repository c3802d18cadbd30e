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

/** Readings and the moment that they are of, on the server's event clock. */
export interface Readings {
  readonly now: string;
  readonly readings: readonly Reading[];
}

/** Returns the readings of KPIs of a segment in a window, now or at a moment in ms. */
export function readReadings(
  segment: string, kpis: readonly string[], window: string, at: number | null = null,
): Promise<Readings | null> {
  const query = new URLSearchParams({ segment, kpi: kpis.join(), window });
  if (at !== null) {
    query.set("at", new Date(at).toISOString());
  }
  return json(`/api/v1/readings?${query}`);
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

/** What became of something that a person did. */
export interface Outcome {
  readonly done: boolean;
  /** It will be done as soon as somebody watches again. */
  readonly recorded: boolean;
  /** The server's own words. */
  readonly why: string | null;
}

/** Something that happened to an alert. */
export interface Happened {
  readonly at: string;
  readonly kind: string;
  readonly severity: string;
  readonly reason: string;
  readonly by: string | null;
  readonly note: string;
}

/** Returns the address of an alert. */
export function alertUrl(episode: string): string {
  return `/api/v1/alerts/${encodeURIComponent(episode)}`;
}

/** Returns everything that happened to an alert, oldest first. */
export async function readHistory(episode: string): Promise<readonly Happened[] | null> {
  const found = await json<{ events: readonly Happened[] }>(alertUrl(episode));
  return found?.events ?? null;
}

/** Does something, for somebody. */
export async function act(url: string, body: object): Promise<Outcome> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = (await answer.json()) as {
      error?: string;
      parameters?: readonly { name: string; message: string }[];
    };
    const parts = [
      said.error, ...(said.parameters ?? []).map(({ name, message }) => `${name} : ${message}`),
    ];
    const why = parts.filter(Boolean).join(". ") || null;
    return { done: answer.status === 200, recorded: answer.status === 202, why };
  } catch {
    return { done: false, recorded: false, why: null };
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
