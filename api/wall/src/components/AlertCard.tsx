import { useEffect, useRef, useState } from "preact/hooks";

import { happenedOf, lineOf, rowsOf } from "../alerts.ts";
import { act, alertUrl, readHistory, type Happened } from "../api.ts";
import type { Moment } from "../moment.ts";
import type { Alert } from "../protocol.ts";

const SNOOZE = "30m";
const SILENCE = "2h";

interface Props {
  alert: Alert;
  moment: Moment;
  /** Whoever last said who they are on this screen. */
  me: { read: () => string; keep: (id: string) => void };
  close: () => void;
}

/** One alert: what was measured, what ends it, and what a person can do about it. */
export function AlertCard({ alert, moment, me, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { words } = moment;
  const w = words.alerts;
  const { title, who } = lineOf(alert, moment);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="card alert" aria-labelledby="alert-name" onClose={close}
      onClick={(event) => event.target === dialog.current && close()}>
      <div class="inside">
        <h2 id="alert-name" class={alert.severity}>{title}</h2>
        <p class="who">{who}</p>
        <dl>
          {rowsOf(alert, moment).map(([term, text]) => (
            <div key={term}><dt>{term}</dt><dd>{text}</dd></div>
          ))}
          <div><dt>{w.runbook}</dt><dd><a href={alert.runbook} target="_blank" rel="noreferrer">{alert.runbook}</a></dd></div>
        </dl>
        <History alert={alert} moment={moment} />
        {alert.state === "resolved"
          ? <nav><button type="button" class="close" onClick={close}>{words.card.close}</button></nav>
          : <Acting alert={alert} moment={moment} me={me} close={close} />}
      </div>
    </dialog>
  );
}

/** What happened to it, read once and whenever somebody takes it on or gives it back. */
function History({ alert, moment }: { alert: Alert; moment: Moment }) {
  const [events, setEvents] = useState<readonly Happened[]>([]);
  const { episode, acked, state } = alert;
  useEffect(() => {
    let open = true;
    void readHistory(episode).then((found) => open && found !== null && setEvents(found));
    return () => {
      open = false;
    };
  }, [episode, acked?.at, state]);
  return events.length ? (
    <details>
      <summary>{moment.words.alerts.history} ({events.length})</summary>
      <ol>{events.map((event, i) => <li key={i}>{happenedOf(event, moment.words)}</li>)}</ol>
    </details>
  ) : null;
}

function Acting({ alert, moment, me, close }: Props) {
  const { words } = moment;
  const w = words.alerts;
  const [by, setBy] = useState(me.read);
  const [note, setNote] = useState("");
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (url: string, more: object = {}) => {
    setBusy(true);
    me.keep(by);
    const answer = await act(url, { by, note, ...more });
    setBusy(false);
    if (answer.done) {
      close();
    } else {
      setSaid(answer.recorded ? w.pending : (answer.why ?? w.failed));
    }
  };
  const url = alertUrl(alert.episode);
  const match = { rules: [alert.rule], segments: [alert.segment] };
  const taken = alert.acked !== null;
  return (
    <form onSubmit={(event) => { event.preventDefault(); void send(`${url}/${taken ? "unack" : "ack"}`); }}>
      <label>{w.who}
        <input name="by" required maxLength={64} value={by} onInput={(e) => setBy(e.currentTarget.value)} />
      </label>
      <label>{w.note}
        <input name="note" maxLength={500} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
      </label>
      <p role="alert" class="said">{said}</p>
      <nav>
        <button type="submit" class="take" disabled={busy}>{taken ? w.giveBack : w.take}</button>
        <button type="button" disabled={busy || !by} onClick={() => void send(`${url}/snooze`, { for: SNOOZE })}>
          {w.snooze}
        </button>
        <button type="button" disabled={busy || !by}
          onClick={() => void send("/api/v1/silences", { match, for: SILENCE })}>
          {w.silence2h}
        </button>
        <button type="button" class="close" onClick={close}>{words.card.close}</button>
      </nav>
    </form>
  );
}
