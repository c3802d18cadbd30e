import { fill, plural } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";
import { teamHeads, troubled, type TeamRow } from "../teams.ts";
import { Icon } from "./Icon.tsx";

/** The teams by name, the first `most` of them; what is off target is marked where it stands. */
export function Teams({ moment, teams, most }: { moment: Moment; teams: readonly TeamRow[]; most: number }) {
  const { words } = moment;
  const hidden = teams.slice(most);
  const amiss = troubled(hidden);
  const some = fill(words.someOf, { some: teams.length - hidden.length, all: teams.length });
  return (
    <section class="teams">
      <h2>
        {words.teams} <small>{hidden.length ? some : words.byName}</small>
        {amiss > 0 && <small class="amiss"> <Icon status="warning" /> {plural(words, words.hiddenTrouble, amiss)}</small>}
      </h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.team}</th>
            {teamHeads(moment).map(({ short, name }) => (
              <th key={name} scope="col"><abbr title={name}>{short}</abbr></th>
            ))}
          </tr>
        </thead>
        <tbody>{teams.slice(0, most).map((row) => <Line key={row.segment} row={row} moment={moment} />)}</tbody>
      </table>
    </section>
  );
}

function Line({ row, moment }: { row: TeamRow; moment: Moment }) {
  return (
    <tr data-team={row.name}>
      <th scope="row"><span class="name"><span title={row.name}>{row.name}</span></span></th>
      {row.cells.map(({ text, status, faint }, i) => {
        const amiss = status === "warning" || status === "critical";
        return (
          <td key={i} class={`${amiss ? status : "none"}${faint ? " faint" : ""}`}>
            <span>{amiss && <Icon status={status} word={moment.words.status[status]} />}{text}</span>
          </td>
        );
      })}
    </tr>
  );
}
