/** The golden messages, which the server's tests read as well, and values built from them. */

import after from "../../../tests/golden/protocol/after.json";
import bye from "../../../tests/golden/protocol/bye.json";
import delta from "../../../tests/golden/protocol/delta.json";
import error from "../../../tests/golden/protocol/error.json";
import heartbeat from "../../../tests/golden/protocol/heartbeat.json";
import hello from "../../../tests/golden/protocol/hello.json";
import snapshot from "../../../tests/golden/protocol/snapshot.json";
import subscribed from "../../../tests/golden/protocol/subscribed.json";
import { decode, type ServerMessage, type Value } from "../src/protocol.ts";

const raw = { after, bye, delta, error, heartbeat, hello, snapshot, subscribed };

/** Returns a golden message as it comes over the wire. */
export function golden(name: keyof typeof raw): ServerMessage {
  const message = decode(JSON.stringify(raw[name]));
  if (message === null) {
    throw new Error(`${name} is no message`);
  }
  return message;
}

/** Returns a value; what a test does not say is "no data". */
export function value(fields: Partial<Value>): Value {
  const nothing: Value = {
    v: null, n: 0, st: "none", tgt: null, since: null, f: "mean", rev: false, prov: true,
  };
  return { ...nothing, ...fields };
}
