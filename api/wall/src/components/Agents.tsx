import type { AgentKpi, Agents as Model } from "../agents.ts";
import { fill, plural } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";
import type { Tile } from "../tile.ts";
import { Icon } from "./Icon.tsx";
import { People, StateIcon } from "./StateIcon.tsx";

interface Props {
  agents: Model;
  moment: Moment;
  /** False: no room but for the plan. */
  whole: boolean;
  /** The index of the first card. */
  first: number;
  open: (index: number) => void;
}

/** The agents by state, those planned against those who are there; only what is abnormal has a colour. */
export function Agents({ agents, moment, whole, first, open }: Props) {
  const { plan, states } = agents;
  const count = (tile: Tile, index: number) => (
    <Count key={tile.spec.kpi} tile={tile} moment={moment} index={index} open={() => open(index)} />
  );
  return (
    <section class="agents">
      <div class="plan">
        <h2 aria-label={moment.words.agents}>{whole ? moment.words.agents : <People />}</h2>
        <ul>{plan.map((tile, i) => count(tile, first + i))}</ul>
      </div>
      {whole && <ul class="states">{states.map((tile, i) => count(tile, first + plan.length + i))}</ul>}
    </section>
  );
}

interface CountProps {
  tile: Tile;
  moment: Moment;
  index: number;
  open: () => void;
}

function Count({ tile, moment, index, open }: CountProps) {
  const { words } = moment;
  const { kpi } = tile.spec;
  const amiss = tile.status === "warning" || tile.status === "critical";
  const name = plural(words, words.agentNames[kpi as AgentKpi], tile.shown?.value.v ?? 2);
  return (
    <li class={amiss ? tile.status : ""} data-agents={kpi} data-index={index}>
      <button type="button" aria-haspopup="dialog" title={fill(words.card.open, { name: tile.title })} onClick={open}>
        {kpi === "agents_missing" && <span class="among">{words.ofThem} </span>}
        <b>
          {amiss ? <Icon status={tile.status} word={words.status[tile.status]} /> : <StateIcon kpi={kpi} />}
          {tile.figure.text}
        </b>
        {" "}<span>{name}</span>
      </button>
    </li>
  );
}
