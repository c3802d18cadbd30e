import { scaledOf } from "../alerts.ts";
import { sourceName } from "../banner.ts";
import * as format from "../format.ts";
import { fill } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";

/** How fresh everything is, always in sight. */
export function Footer({ moment, dropped }: { moment: Moment; dropped: string | null }) {
  const { words, fresh, sources, serverNow } = moment;
  const worst = Math.max(fresh.linkAge ?? 0, fresh.dataAge ?? 0);
  const ages = Object.entries(sources).map(([name, { as_of, state }]) => {
    const known = as_of === null ? words.never : format.age(Math.max(0, serverNow - as_of));
    const text = state === "rebuilding" ? words.rebuilding.toLowerCase() : known;
    return <span key={name}>{sourceName(moment, name)} <b>{text}</b></span>;
  });
  return (
    <footer>
      <span class={`phase ${fresh.phase}`}>
        <i />{fill(words.phase[fresh.phase], { age: format.age(worst) })}
      </span>
      {fresh.linkAge !== null && <span>{words.link} <b>{format.age(fresh.linkAge)}</b></span>}
      {ages}
      <span class="hint">{dropped ?? scaledOf(moment) ?? words.hint}</span>
    </footer>
  );
}
