import { bannerOf } from "../banner.ts";
import { fitOf } from "../distance.ts";
import { fill } from "../i18n/index.ts";
import type { Moment } from "../moment.ts";
import type { Order } from "../queues.ts";
import type { Tile as TileModel } from "../tile.ts";
import { Banner } from "./Banner.tsx";
import { Card } from "./Card.tsx";
import { Footer } from "./Footer.tsx";
import { Header } from "./Header.tsx";
import { Queues } from "./Queues.tsx";
import { Tile } from "./Tile.tsx";
import { Today } from "./Today.tsx";

export interface Props {
  moment: Moment;
  tiles: readonly TileModel[];
  order: Order;
  announcement: string;
  /** How many queues there is room for. */
  rows: number;
  /** The index of the tile whose card is open. */
  card: number | null;
  setCard: (index: number | null) => void;
  turnCard: (by: 1 | -1) => void;
}

/** The whole screen. */
export function Wall({ moment, tiles, order, announcement, rows, card, setCard, turnCard }: Props) {
  const { view, words, fresh } = moment;
  const fit = fitOf(view.label);
  const opened = card === null ? undefined : tiles[card];
  const gone = [!fit.spark && words.parts.spark, !fit.foot && words.parts.foot,
    !fit.table && words.parts.table, fit.tiles < tiles.length && words.parts.tiles];
  const dropped = gone.filter(Boolean).join(", ");
  return (
    <div class={`wall ${fresh.phase}${fresh.rebuilding.length ? " rebuilding" : ""}`}
      data-spark={fit.spark} data-foot={fit.foot} data-table={fit.table}>
      <Header moment={moment} />
      <Banner banner={bannerOf(moment)} />
      <main>
        <div class="tiles" data-count={Math.min(tiles.length, fit.tiles)}>
          {tiles.slice(0, fit.tiles).map((tile, i) => (
            <Tile key={tile.key} tile={tile} index={i} words={words} trail={moment.trails.get(tile.key) ?? []}
              open={() => setCard(i)} />
          ))}
        </div>
        {fit.table && (
          <aside>
            <Queues moment={moment} order={order} most={rows} />
            <Today moment={moment} />
          </aside>
        )}
      </main>
      <Footer moment={moment} dropped={dropped ? fill(words.dropped, { parts: dropped }) : null} />
      <p class="aloud" role="status">{announcement}</p>
      {opened && (
        <Card tile={opened} moment={moment} close={() => setCard(null)} turn={turnCard} />
      )}
    </div>
  );
}
