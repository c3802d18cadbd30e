import type { Gauge as Model } from "../gauge.ts";

const percent = (share: number) => `${Math.round(share * 1000) / 10}%`;

/** Bands, bar and target tick; the figures beside it say the same in text. */
export function Gauge({ gauge }: { gauge: Model | null }) {
  if (gauge === null) {
    return <div class="gauge empty" aria-hidden={true} />;
  }
  return (
    <div class="gauge" aria-hidden={true}>
      {gauge.bands.map(({ from, to, status }) => (
        <i class={`band ${status}`} style={{ left: percent(from), width: percent(to - from) }} />
      ))}
      <i class="fill" style={{ width: percent(gauge.fill) }} />
      {gauge.ticks.map((at) => <i class="tick" style={{ left: percent(at) }} />)}
    </div>
  );
}
