import type { Agents as AgentsModel } from "../agents.ts";
import { stripOf } from "../alerts.ts";
import { bannerOf } from "../banner.ts";
import { fitOf, type Fit } from "../distance.ts";
import { fill } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";
import type { Order } from "../queues.ts";
import { teamsOf } from "../teams.ts";
import type { Tile as TileModel } from "../tile.ts";
import { Agents } from "./Agents.tsx";
import { AlertCard } from "./AlertCard.tsx";
import { Banner } from "./Banner.tsx";
import { Card } from "./Card.tsx";
import { Footer } from "./Footer.tsx";
import { Header } from "./Header.tsx";
import { Queues } from "./Queues.tsx";
import { Strip } from "./Strip.tsx";
import { Teams } from "./Teams.tsx";
import { Tile } from "./Tile.tsx";
import { Today } from "./Today.tsx";

/** How many rows there is room for, of queues and of queues and teams together. */
export interface Rows {
  readonly queues: number;
  readonly all: number;
  readonly alerts: number;
}

/** A few of the worst queues are always in sight. */
const LEAST_QUEUES = 4;
/** The strip of alerts takes the room of so many rows. */
const ROWS_OF_STRIP = 1;

export interface Props {
  moment: Moment;
  tiles: readonly TileModel[];
  order: Order;
  agents: AgentsModel | null;
  /** Everything that has a card, tiles first. */
  told: readonly TileModel[];
  announcement: string;
  rows: Rows;
  /** The index in `told` of the card that is open. */
  card: number | null;
  setCard: (index: number | null) => void;
  turnCard: (by: 1 | -1) => void;
  /** The episode whose card is open. */
  alert: string | null;
  setAlert: (episode: string | null) => void;
  me: { read: () => string; keep: (id: string) => void };
}

/** The whole screen. */
export function Wall(props: Props) {
  const { moment, tiles, order, agents, told, announcement, rows, card, setCard, turnCard } = props;
  const { alert, setAlert, me } = props;
  const { view, words, fresh } = moment;
  const fit = fitOf(view.label);
  const opened = card === null ? undefined : told[card];
  const teams = agents && fit.table ? teamsOf(moment) : [];
  const teamRows = Math.min(teams.length, rows.all - LEAST_QUEUES);
  const strip = stripOf(moment, rows.alerts);
  const room = strip?.lines.length ? ROWS_OF_STRIP : 0;
  const queueRows = Math.max(LEAST_QUEUES - room, Math.min(rows.queues, rows.all - teamRows) - room);
  const dropped = droppedOf(props, fit);
  const alarm = moment.alerts?.alerts.find(({ episode }) => episode === alert);
  return (
    <div class={`wall ${fresh.phase}${fresh.rebuilding.length ? " rebuilding" : ""}`}
      data-spark={fit.spark} data-foot={fit.foot} data-table={fit.table}
      data-agents={agents ? fit.agents : "none"}>
      <Header moment={moment} />
      <Banner banner={bannerOf(moment)} />
      {strip && <Strip strip={strip} words={words} open={setAlert} />}
      <main>
        <div class="tiles" data-count={Math.min(tiles.length, fit.tiles)}>
          {tiles.slice(0, fit.tiles).map((tile, i) => (
            <Tile key={tile.key} tile={tile} index={i} words={words} trail={moment.trails.get(tile.key) ?? []}
              open={() => setCard(i)} />
          ))}
        </div>
        {agents && fit.agents !== "none" && (
          <Agents agents={agents} moment={moment} whole={fit.agents === "all"} first={tiles.length} open={setCard} />
        )}
        {fit.table && (
          <aside>
            <Queues moment={moment} order={order} most={queueRows} />
            {teams.length > 0 && <Teams moment={moment} teams={teams} most={teamRows} />}
            <Today moment={moment} />
          </aside>
        )}
      </main>
      <Footer moment={moment} dropped={dropped ? fill(words.dropped, { parts: dropped }) : null} />
      <p class="aloud" role="status">{announcement}</p>
      {opened && (
        <Card tile={opened} moment={moment} close={() => setCard(null)} turn={turnCard} />
      )}
      {alarm && <AlertCard key={alarm.episode} alert={alarm} moment={moment} me={me} close={() => setAlert(null)} />}
    </div>
  );
}

/** What a view gave up for the size of its letters, in words. */
function droppedOf({ moment, tiles, agents }: Props, fit: Fit): string {
  const { parts } = moment.words;
  const gone = [
    !fit.spark && parts.spark,
    !fit.foot && parts.foot,
    !fit.table && parts.table,
    agents && fit.agents === "plan" && parts.states,
    agents && fit.agents === "none" && parts.agents,
    fit.tiles < tiles.length && parts.tiles,
  ];
  return gone.filter(Boolean).join(", ");
}
