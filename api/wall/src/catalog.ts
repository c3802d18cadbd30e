/** The KPI catalogue as `/api/v1/catalog` gives it: what a number means, beside the number. */

import type { Target } from "./protocol.ts";

/** Money has its currency in its unit: `money:EUR`. */
export type Unit =
  | "contacts" | "agents" | "ratio" | "seconds" | "number" | "per_hour" | `money:${string}`;

export interface Kpi {
  readonly id: string;
  readonly name: string;
  readonly definition: string;
  readonly unit: Unit;
  readonly direction: "higher" | "lower" | "band" | "context";
  readonly kind:
    | "live" | "count" | "share" | "mean" | "quantile" | "time" | "time_share" | "rate" | "cost";
  /** Whether it says little when n is small. */
  readonly sampled: boolean;
  /** What part and whole are counted in; `null` = it has none. */
  readonly part_unit: "contacts" | "ms" | null;
  readonly target: Target | null;
  readonly source: string;
  /** By formula id. */
  readonly formulas: Readonly<Record<string, Variant>>;
  readonly display: { readonly every_s: number };
}

export interface Variant {
  /** What it is called beside its number; `null` = the KPI has no other formula. */
  readonly name: string | null;
  /** In words, with places for {value}, {n}, {part} and {whole}. */
  readonly text: string;
  /** What n counts. */
  readonly n: string;
}

/** Whether n of a KPI is time of agents, in minutes of one agent. */
export function ofTime(kpi: Kpi | undefined): boolean {
  return kpi?.kind === "time" || kpi?.kind === "time_share";
}

export type Catalog = ReadonlyMap<string, Kpi>;

/** Holds the catalogue that the server named last; asked again by whoever watches until it is there. */
export class Library {
  private wanted = "";
  private held = "";
  private coming = false;

  constructor(
    private readonly fetchCatalog: (lang: string) => Promise<Catalog>,
    private readonly put: (catalog: Catalog) => void,
  ) {}

  /** Names the catalogue to be held: its digest and language. */
  want(digest: string, lang: string): void {
    this.wanted = `${lang} ${digest}`;
  }

  /** Fetches what is wanted and not held. */
  async load(): Promise<void> {
    const { wanted } = this;
    if (this.coming || wanted === this.held) {
      return;
    }
    this.coming = true;
    try {
      this.put(await this.fetchCatalog(wanted.slice(0, 2)));
      this.held = wanted;
    } catch {
      // The link's own troubles are shown already; the next look tries again.
    } finally {
      this.coming = false;
    }
  }
}

/** Returns the catalogue of a language. */
export async function fetchCatalog(lang: string): Promise<Catalog> {
  const answer = await fetch(`/api/v1/catalog?lang=${lang}`);
  if (!answer.ok) {
    throw new Error(`catalog: ${answer.status}`);
  }
  const { kpis } = (await answer.json()) as { kpis: Kpi[] };
  return new Map(kpis.map((kpi) => [kpi.id, kpi]));
}
