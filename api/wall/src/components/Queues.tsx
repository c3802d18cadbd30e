import { plural } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";
import { COLUMNS, rowOf, type Order, type Row } from "../queues.ts";
import { Icon } from "./Icon.tsx";

export const ROWS = 8;

/** The queues, the worst first. */
export function Queues({ moment, order }: { moment: Moment; order: Order }) {
  const { words } = moment;
  const rows = order.segments.slice(0, ROWS).map((segment) => rowOf(segment, moment));
  const more = order.segments.length - rows.length;
  return (
    <section class="queues">
      <h2>{words.queues} <small>{words.worstFirst}</small></h2>
      {rows.length === 0 ? <p class="nothing">{words.noQueues}</p> : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.queue}</th>
              {COLUMNS.map((kpi) => (
                <th scope="col"><abbr title={moment.catalog.get(kpi)?.name}>{words.columns[kpi]}</abbr></th>
              ))}
            </tr>
          </thead>
          <tbody>{rows.map((row) => <Line key={row.segment} row={row} word={words.status[row.status]} />)}</tbody>
        </table>
      )}
      {more > 0 && <p class="more">{plural(words, words.moreQueues, more)}</p>}
    </section>
  );
}

function Line({ row, word }: { row: Row; word: string }) {
  return (
    <tr>
      <th scope="row">
        <span class="name"><Icon status={row.status} word={word} /><span>{row.name}</span></span>
      </th>
      {row.cells.map(({ text, status, faint }, i) => (
        <td key={i} class={`${status}${faint ? " faint" : ""}`}><span>{text}</span></td>
      ))}
    </tr>
  );
}
