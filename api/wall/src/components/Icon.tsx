/** The shapes that say a status without its colour: check, triangle, filled square, dash. */

import type { Status } from "../protocol.ts";

const SHAPES: Readonly<Record<Status, preact.JSX.Element>> = {
  ok: (
    <g fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round">
      <circle cx="8" cy="8" r="7" stroke-width="1.5" />
      <path d="M4.6 8.3l2.3 2.4 4.5-5" stroke-width="1.8" />
    </g>
  ),
  warning: (
    <g>
      <path d="M8 1.4L15.2 14.4H.8z" fill="currentColor" stroke="currentColor" stroke-linejoin="round" />
      <path class="mark" d="M8 5.8v4.2" fill="none" stroke-width="1.9" stroke-linecap="round" />
      <circle class="mark dot" cx="8" cy="12.2" r="1.1" />
    </g>
  ),
  critical: (
    <g>
      <rect x=".8" y=".8" width="14.4" height="14.4" rx="2.4" fill="currentColor" />
      <path class="mark" d="M8 3.8v5.2" fill="none" stroke-width="2.2" stroke-linecap="round" />
      <circle class="mark dot" cx="8" cy="12" r="1.3" />
    </g>
  ),
  none: <path d="M3 8h10" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />,
};

/** A status as a shape; `word` is read aloud, where no text beside it says the same. */
export function Icon({ status, word }: { status: Status; word?: string | undefined }) {
  return (
    <svg class={`icon ${status}`} viewBox="0 0 16 16" role={word ? "img" : undefined}
      aria-label={word} aria-hidden={word ? undefined : true}>
      {SHAPES[status]}
    </svg>
  );
}

/** Our mark: a pulse. */
export function Mark() {
  return (
    <svg class="pulse" viewBox="0 0 68 32" aria-hidden={true}>
      <path d="M2 17h16l5-12 8 24 7-18 4 6h24" fill="none" stroke="currentColor"
        stroke-width="3.6" stroke-linejoin="round" stroke-linecap="round" />
    </svg>
  );
}
