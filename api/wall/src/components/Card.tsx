import { useEffect, useRef, useState } from "preact/hooks";

import { readReadings, type Reading } from "../api.ts";
import { explain, type Explanation } from "../explain.ts";
import type { Moment } from "../moment.ts";
import type { Tile } from "../tile.ts";

const AGAIN_MS = 2_000;

interface Props {
  tile: Tile;
  moment: Moment;
  close: () => void;
  turn: (by: 1 | -1) => void;
}

/** What a KPI means, with the figures of now put into its formula. */
export function Card({ tile, moment, close, turn }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const reading = useReading(tile);
  const { words } = moment;
  const { name, figure, status, rows } = explain(tile, reading, moment);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="card" aria-labelledby="card-name" onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
      onKeyDown={({ key }) => (key === "ArrowRight" ? turn(1) : key === "ArrowLeft" && turn(-1))}>
      <div class="inside">
        <h2 id="card-name">{name}</h2>
        <p class={`now ${status}`}>{figure}</p>
        <Rows rows={rows} />
        <nav>
          <button type="button" aria-label={words.card.previous} onClick={() => turn(-1)}>←</button>
          <button type="button" aria-label={words.card.next} onClick={() => turn(1)}>→</button>
          <button type="button" class="close" onClick={close}>{words.card.close}</button>
        </nav>
      </div>
    </dialog>
  );
}

function Rows({ rows }: { rows: Explanation["rows"] }) {
  return (
    <dl>
      {rows.map(({ term, text, kind }) => (
        <div key={term} class={kind}><dt>{term}</dt><dd>{text}</dd></div>
      ))}
    </dl>
  );
}

/** The reading behind a tile, asked for again while the card is open; part and whole are only in it. */
function useReading({ spec, topic }: Tile): Reading | null {
  const [reading, setReading] = useState<Reading | null>(null);
  useEffect(() => {
    let open = true;
    const window = topic?.slice(topic.lastIndexOf("@") + 1);
    const ask = async () => {
      const found = window ? await readReadings(spec.segment, [spec.kpi], window) : null;
      if (open && found !== null) {
        setReading(found.readings[0] ?? null);
      }
    };
    setReading(null);
    void ask();
    const timer = setInterval(() => void ask(), AGAIN_MS);
    return () => {
      open = false;
      clearInterval(timer);
    };
  }, [spec, topic]);
  return reading;
}
