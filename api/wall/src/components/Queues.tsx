import { fill } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";
import { headsOf, rowOf, type Order, type Row } from "../queues.ts";
import { Icon } from "./Icon.tsx";

/** The queues, the worst first, `most` of them. */
export function Queues({ moment, order, most }: { moment: Moment; order: Order; most: number }) {
  const { words } = moment;
  const rows = order.segments.slice(0, most).map((segment) => rowOf(segment, moment));
  const all = order.segments.length;
  const some = all > rows.length ? ` · ${fill(words.someOf, { some: rows.length, all })}` : "";
  return (
    <section class="queues">
      <h2>{words.queues} <small>{words.worstFirst}{some}</small></h2>
      {rows.length === 0 ? <p class="nothing">{words.noQueues}</p> : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.queue}</th>
              {headsOf(moment).map(({ short, name }) => (
                <th key={name} scope="col"><abbr title={name}>{short}</abbr></th>
              ))}
            </tr>
          </thead>
          <tbody>{rows.map((row) => <Line key={row.segment} row={row} word={words.status[row.status]} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function Line({ row, word }: { row: Row; word: string }) {
  return (
    <tr>
      <th scope="row">
        <span class="name"><Icon status={row.status} word={word} /><span title={row.name}>{row.name}</span></span>
      </th>
      {row.cells.map(({ text, status, faint }, i) => (
        <td key={i} class={`${status}${faint ? " faint" : ""}`}><span>{text}</span></td>
      ))}
    </tr>
  );
}
