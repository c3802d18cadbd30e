import { useEffect, useRef, useState } from "preact/hooks";

import { lineOf, rowsOf } from "../alerts.ts";
import { act, type Doing } from "../api.ts";
import type { Moment } from "../moment.ts";
import type { Alert } from "../protocol.ts";

const SNOOZE = "30m";

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
        {alert.state !== "resolved" && alert.acked === null
          ? <Acting alert={alert} moment={moment} me={me} close={close} />
          : <nav><button type="button" class="close" onClick={close}>{words.card.close}</button></nav>}
      </div>
    </dialog>
  );
}

function Acting({ alert, moment, me, close }: Props) {
  const { words } = moment;
  const w = words.alerts;
  const [by, setBy] = useState(me.read);
  const [note, setNote] = useState("");
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (doing: Doing) => {
    setBusy(true);
    me.keep(by);
    const more = doing === "snooze" ? { for: SNOOZE } : {};
    const answer = await act(alert.episode, doing, { by, note, ...more });
    setBusy(false);
    if (answer.done) {
      close();
    } else {
      setSaid(answer.recorded ? w.pending : (answer.why ?? w.failed));
    }
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void send("ack"); }}>
      <label>{w.who}
        <input name="by" required maxLength={64} value={by} onInput={(e) => setBy(e.currentTarget.value)} />
      </label>
      <label>{w.note}
        <input name="note" maxLength={500} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
      </label>
      <p role="alert" class="said">{said}</p>
      <nav>
        <button type="submit" class="take" disabled={busy}>{w.take}</button>
        <button type="button" disabled={busy || !by} onClick={() => void send("snooze")}>{w.snooze}</button>
        <button type="button" class="close" onClick={close}>{words.card.close}</button>
      </nav>
    </form>
  );
}
