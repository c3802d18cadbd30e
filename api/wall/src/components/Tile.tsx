import type { Figure } from "../format.ts";
import * as format from "../format.ts";
import { fill, type Words } from "../i18n/index.ts";
import type { Tile as Model } from "../tile.ts";
import type { Trail } from "../trail.ts";
import { Gauge } from "./Gauge.tsx";
import { Icon } from "./Icon.tsx";
import { Spark } from "./Spark.tsx";

interface Props {
  tile: Model;
  trail: Trail;
  words: Words;
  index: number;
  open: () => void;
}

/** One KPI: what it is, its value, its target, how it stands and what that rests on. */
export function Tile({ tile, index, trail, words, open }: Props) {
  const { title, scope, target, figure, status, verdict, since, gap, sample, faint } = tile;
  const label = fill(words.card.open, { name: title });
  return (
    <section class={`tile ${status}${faint ? " faint" : ""}`} data-kpi={tile.spec.kpi} data-index={index}>
      <div class="head">
        <h2 style={{ "--em": (title.length * 0.55).toFixed(2) }}>
          <button type="button" aria-haspopup="dialog" title={label} onClick={open}>
            {title}
          </button>
        </h2>
        {target !== null && <Icon status={status} word={words.status[status]} />}
      </div>
      <p class="scope">
        <span class={tile.topic?.endsWith("@live") ? "when now" : "when"}>{scope}</span>
        {target !== null && <span class="target">{words.target} <b>{target}</b></span>}
      </p>
      <div class="room">
        <p class="figure" style={{ "--em": widthOf(figure) }}>
          <span class={figure === format.NO_VALUE ? "value void" : "value"}>{figure.text}</span>
          {figure.unit && <span class="unit">{`\u00a0${figure.unit}`}</span>}
        </p>
      </div>
      <Spark spark={tile.spark} label={course(trail, tile, words)} />
      <Gauge gauge={tile.gauge} />
      <div class="foot">
        <p class="verdict">{verdict}{since !== null && <span class="since"> {since}</span>}</p>
        <p class="ground"><span>{gap}</span><span class="sample">{sample}</span></p>
      </div>
    </section>
  );
}

/** A figure's width in em, so that it fills its tile and never spills. */
function widthOf({ text, unit }: Figure): string {
  const width = [...text].reduce((sum, c) => sum + (/[\d—−]/.test(c) ? 0.63 : 0.3), 0);
  return (width + (unit ? 0.52 : 0)).toFixed(2);
}

function course(trail: Trail, { kpi }: Model, words: Words): string {
  const [first, last] = [trail[0], trail[trail.length - 1]];
  const show = (value: number | undefined) =>
    format.inline(words, kpi?.unit ?? "contacts", value ?? null);
  return fill(words.sparkline, { first: show(first?.[1]), last: show(last?.[1]) });
}
