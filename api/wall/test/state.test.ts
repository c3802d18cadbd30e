import assert from "node:assert/strict";
import { test } from "node:test";

import type { Delta } from "../src/protocol.ts";
import { decode } from "../src/protocol.ts";
import { EMPTY, reduce, valueOf, type State } from "../src/state.ts";
import { golden } from "./golden.ts";

const play = (...names: Parameters<typeof golden>[0][]): State =>
  names.map(golden).reduce(reduce, EMPTY);

const heartbeat = golden("heartbeat") as Delta;

test("a snapshot and its delta give what the snapshot of the tick after gives", () => {
  const [told, after] = [play("hello", "snapshot", "delta"), play("hello", "after")];

  assert.deepEqual(told.topics, after.topics);
  assert.deepEqual(told.sources, after.sources);
  assert.equal(told.seq, after.seq);
});

test("a delta that comes twice changes nothing the second time", () => {
  assert.deepEqual(play("snapshot", "delta", "delta"), play("snapshot", "delta"));
});

test("a heartbeat moves the clock and nothing else", () => {
  const [before, after] = [play("snapshot", "delta"), play("snapshot", "delta", "heartbeat")];

  assert.equal(after.ts, 1790000003);
  assert.deepEqual(after.topics, before.topics);
  assert.deepEqual(after.sources, before.sources);
});

test("a hole in seq makes the state unsynced, and deltas are left aside until a snapshot", () => {
  const holed = reduce(play("snapshot"), { ...heartbeat, seq: 815, src: { calls: 1790000009 } });

  assert.equal(holed.synced, false);
  assert.equal(holed.sources["calls"]?.as_of, 1790000000.6);
  assert.deepEqual(reduce(holed, golden("delta")), holed);
  assert.equal(reduce(holed, golden("after")).synced, true);
});

test("a delta from before the snapshot is left aside", () => {
  const state = play("snapshot", "delta");

  assert.deepEqual(reduce(state, { ...heartbeat, seq: 811, ts: 1 }), state);
});

test("a new connection keeps the old values to look at until its snapshot comes", () => {
  const again = reduce(play("hello", "snapshot"), golden("hello"));

  assert.equal(again.synced, false);
  assert.equal(valueOf(again.topics, "queue:support@live", "waiting")?.v, 3);
});

test("a number in src moves as_of and leaves the state as it was", () => {
  const state = reduce(play("snapshot"), { ...heartbeat, seq: 813, src: { chats: 1790000001.9 } });

  assert.deepEqual(state.sources["chats"], { as_of: 1790000001.9, state: "rebuilding" });
});

test("null takes a KPI away", () => {
  const d: Delta["d"] = [["queue:support@live", { waiting: null }]];
  const state = reduce(play("snapshot"), { ...heartbeat, seq: 813, d });

  assert.equal(valueOf(state.topics, "queue:support@live", "waiting"), undefined);
  assert.equal(valueOf(state.topics, "queue:support@live", "wait_longest")?.n, 3);
});

test("what the server refuses is kept in its words, until it says yes", () => {
  assert.match(play("subscribed").refused[0] ?? "", /^queue:support.* : ./);
  assert.deepEqual(play("error").refused, ["101 topics; at most 100"]);
  assert.deepEqual(play("error", "subscribed").refused, play("subscribed").refused);
  assert.deepEqual(play("bye"), EMPTY);
});

test("what is no message of ours is no message", () => {
  for (const text of ["", "null", "7", "{}", '{"type":"novelty"}', "<html>502</html>"]) {
    assert.equal(decode(text), null);
  }
});
