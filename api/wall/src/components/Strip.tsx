import type { Line, Strip as Model } from "../alerts.ts";
import { fill, type Words } from "../i18n/index.ts";
import { Icon } from "./Icon.tsx";

interface Props {
  strip: Model;
  words: Words;
  open: (episode: string) => void;
}

/** What people have to act on: title, how long it has been there, who has it. */
export function Strip({ strip, words, open }: Props) {
  const { lines, more, unwatched, remarks } = strip;
  const w = words.alerts;
  return (
    <section class="strip" aria-label={w.name}>
      {unwatched && (
        <p class="unwatched"><Icon status="warning" /><strong>{w.unwatched}</strong> {w.unwatchedWhy}</p>
      )}
      {lines.length > 0 && (
        <ul data-count={lines.length}>
          {lines.map((line) => (
            <Entry key={line.alert.episode} line={line} words={words} open={() => open(line.alert.episode)} />
          ))}
          {more > 0 && <li class="more">{fill(w.more, { n: more })}</li>}
        </ul>
      )}
      {remarks.map((remark) => <p key={remark} class="remark">{remark}</p>)}
    </section>
  );
}

function Entry({ line, words, open }: { line: Line; words: Words; open: () => void }) {
  const { alert, title, age, who, calm } = line;
  return (
    <li class={`${alert.severity}${calm ? " calm" : ""}`} data-rule={alert.rule}>
      <button type="button" onClick={open}>
        <Icon status={alert.severity} word={words.status[alert.severity]} />
        <b title={title} style={{ "--em": (title.length * 0.54).toFixed(2) }}>{title}</b>
        <time>{age}</time>
        <span title={who}>{who}</span>
      </button>
    </li>
  );
}
