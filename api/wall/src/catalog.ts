/** The KPI catalogue as `/api/v1/catalog` gives it: what a number means, beside the number. */

import type { Target } from "./protocol.ts";

export type Unit = "contacts" | "ratio" | "seconds";

export interface Kpi {
  readonly id: string;
  readonly name: string;
  readonly definition: string;
  readonly unit: Unit;
  readonly direction: "higher" | "lower" | "band" | "context";
  readonly kind: "live" | "count" | "share" | "mean" | "quantile";
  readonly target: Target | null;
  readonly source: string;
  /** Formula id → its text, with places for {value}, {n}, {part} and {whole}, and what n counts. */
  readonly formulas: Readonly<Record<string, { readonly text: string; readonly n: string }>>;
  readonly display: { readonly every_s: number };
}

export type Catalog = ReadonlyMap<string, Kpi>;

/** Returns the catalogue of a language. */
export async function fetchCatalog(lang: string): Promise<Catalog> {
  const answer = await fetch(`/api/v1/catalog?lang=${lang}`);
  if (!answer.ok) {
    throw new Error(`catalog: ${answer.status}`);
  }
  const { kpis } = (await answer.json()) as { kpis: Kpi[] };
  return new Map(kpis.map((kpi) => [kpi.id, kpi]));
}
