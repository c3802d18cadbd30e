import type { Moment } from "../moment.ts";
import { todayOf } from "../today.ts";

/** What became of the contacts of today. */
export function Today({ moment }: { moment: Moment }) {
  const { offered, rate, parts } = todayOf(moment);
  return (
    <section class="today">
      <h2>{capital(moment.words.today)} <small>{offered.text} {offered.name.toLowerCase()}</small></h2>
      <div class="bar" aria-hidden={true}>
        {parts.map(({ kpi, share }) => <i class={kpi} style={{ flexGrow: share }} />)}
      </div>
      <dl>
        {parts.map(({ kpi, name, text }) => (
          <div key={kpi}><dt><i class={kpi} />{name}</dt><dd>{text}</dd></div>
        ))}
        <div><dt>{rate.name}</dt><dd>{rate.text}</dd></div>
      </dl>
    </section>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
