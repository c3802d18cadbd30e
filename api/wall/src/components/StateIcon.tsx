/** What an agent does, or how the agents stand against their plan, as a shape. */

import type { AgentKpi } from "../agents.ts";

const SHAPES: Readonly<Partial<Record<AgentKpi, preact.JSX.Element>>> = {
  agents_available: <circle cx="8" cy="8" r="6" />,
  agents_ringing: <path d="M3 11.5h10l-1.4-2V7a3.6 3.6 0 0 0-7.2 0v2.5zM6.8 14h2.4M8 1.4v1.8" />,
  agents_on_contact: <path class="solid" d="M2 2.5h12v8.5H8l-3.6 3v-3H2z" />,
  agents_on_hold: <path d="M4 1.8h8M4 14.2h8M4.8 1.8c0 3.4 6.4 3.8 6.4 6.2s-6.4 2.8-6.4 6.2M11.2 1.8C11.2 5.2 4.8 5.6 4.8 8s6.4 2.8 6.4 6.2" />,
  agents_wrap_up: <path d="M2.4 13.6l.8-3.6 7.6-7.6 2.8 2.8L6 12.8zM9 4.2L11.8 7" />,
  agents_paused: <path class="solid" d="M4 2.5h2.4v11H4zM9.6 2.5H12v11H9.6z" />,
  agents_unknown: <path d="M4.6 5.4a3.4 3.4 0 1 1 5 3.2c-1.2.7-1.6 1.2-1.6 2.4M8 14v.1" />,
};

/** The shape of a state; none for what is no state. */
export function StateIcon({ kpi }: { kpi: string }) {
  const shape = SHAPES[kpi as AgentKpi];
  return shape ? <svg class="state" viewBox="0 0 16 16" aria-hidden={true}>{shape}</svg> : null;
}

/** Stands for the word "agents" where letters are so large that there is no room for it. */
export function People() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden={true}>
      <circle cx="5.5" cy="4.5" r="2.7" /><path d="M0 14c0-3.6 2.4-5.6 5.5-5.6S11 10.4 11 14z" />
      <circle cx="11.6" cy="5.3" r="2.1" /><path d="M12.2 14h3.8c0-3-1.6-5-4.2-5 .4.9.4 2.6.4 5z" />
    </svg>
  );
}
