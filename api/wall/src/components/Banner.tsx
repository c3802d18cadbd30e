import type { Banner as Model } from "../banner.ts";
import { Icon } from "./Icon.tsx";

/** The sentence across the wall. */
export function Banner({ banner }: { banner: Model | null }) {
  if (banner === null) {
    return null;
  }
  return (
    <section class={`banner ${banner.kind}`} aria-label={banner.title}>
      <Icon status="warning" />
      <strong>{banner.title}</strong>
      <span>{banner.detail}</span>
    </section>
  );
}
