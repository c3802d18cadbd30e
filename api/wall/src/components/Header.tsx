import * as format from "../format.ts";
import type { Moment } from "../moment.ts";
import { Mark } from "./Icon.tsx";

/** Whose wall this is, and the time. */
export function Header({ moment }: { moment: Moment }) {
  const { words, view, serverNow } = moment;
  const title = view.title ?? format.segment(words, view.segment);
  return (
    <header class="top">
      <h1>
        <span class="brand"><Mark />Pouls</span>
        <span class="view">{title}</span>
      </h1>
      <p class="date">{format.date(words, serverNow)}</p>
      <p class="clock">{format.timeOfDay(words, serverNow)}</p>
    </header>
  );
}
