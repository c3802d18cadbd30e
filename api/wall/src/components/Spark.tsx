import type { Spark as Model } from "../spark.ts";

/** A line of the recent past, and where the target lies. */
export function Spark({ spark, label }: { spark: Model | null; label: string }) {
  if (spark === null) {
    return <div class="spark" aria-hidden={true} />;
  }
  const { line, target } = spark;
  return (
    <div class="spark">
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={label}>
        {target !== null && <path class="goal" d={`M0 ${target}H100`} />}
        <path class="line" d={line} />
      </svg>
    </div>
  );
}
