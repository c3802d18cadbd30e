import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffMs, CAP_MS } from "../src/backoff.ts";
import { Link, SILENCE_MS, type Socket } from "../src/link.ts";

/** A world without time of its own: a test moves the clock and runs what was planned. */
class FakeWorld {
  now = 0;
  luck = 1;
  sockets: (Socket & { closed: boolean; sent: string[] })[] = [];
  planned: { call: () => void; ms: number }[] = [];

  open = (): Socket => {
    const socket = {
      onmessage: null, onclose: null, closed: false, sent: [] as string[],
      send: (text: string) => void socket.sent.push(text),
      close: () => void (socket.closed = true),
    };
    this.sockets.push(socket);
    return socket;
  };
  nowMs = (): number => this.now;
  random = (): number => this.luck;
  later = (call: () => void, ms: number): (() => void) => {
    const plan = { call, ms };
    this.planned.push(plan);
    return () => void (this.planned = this.planned.filter((p) => p !== plan));
  };

  /** Lets the last socket close, and returns how long the link then waits. */
  fail(code = 1006): number {
    this.sockets.at(-1)?.onclose?.({ code });
    const plan = this.planned.pop();
    plan?.call();
    return plan?.ms ?? NaN;
  }
}

function setUp() {
  const world = new FakeWorld();
  const heard: string[] = [];
  const link = new Link(world, { heard: (text) => heard.push(text), closed: () => undefined });
  link.connect();
  return { world, link, heard };
}

test("waits double up to 15 s, with full jitter, for ever", () => {
  const { world } = setUp();
  const waits = Array.from({ length: 8 }, () => world.fail());

  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, CAP_MS, CAP_MS, CAP_MS]);
  assert.equal(backoffMs(1000, 1), CAP_MS);
  assert.equal(backoffMs(3, 0.25), 1000);
});

test("a good message makes the next failure a first one", () => {
  const { world, link } = setUp();
  world.fail();
  world.fail();
  link.well();

  assert.equal(world.fail(), 500);
});

test("a server that leaves says when to come back", () => {
  const { world, link } = setUp();
  world.luck = 0.5;
  link.excused([500, 5000]);

  assert.equal(world.fail(1012), 2750);
  assert.equal(world.fail(), 500);
});

test("a server that is overrun is left alone for longer", () => {
  for (const code of [1013, 4408, 4429]) {
    assert.equal(setUp().world.fail(code), 8000);
  }
});

test("a socket that is silent for 5 s is dropped, whatever its state", () => {
  const { world, link } = setUp();
  world.now = SILENCE_MS;
  link.watch(1000);
  assert.equal(world.sockets[0]?.closed, false);

  world.now = SILENCE_MS + 1;
  link.watch(1000);
  assert.equal(world.sockets[0]?.closed, true);
  assert.equal(world.planned.length, 1);
});

test("a server that ticks slowly may be silent for three of its ticks", () => {
  const { world, link } = setUp();
  world.now = 11_000;
  link.watch(4000);
  assert.equal(world.sockets[0]?.closed, false);

  world.now = 12_001;
  link.watch(4000);
  assert.equal(world.sockets[0]?.closed, true);
});

test("a message keeps the socket", () => {
  const { world, link, heard } = setUp();
  world.now = 4000;
  world.sockets[0]?.onmessage?.({ data: "{}" });
  world.now = 8000;
  link.watch(1000);

  assert.deepEqual(heard, ["{}"]);
  assert.equal(world.sockets[0]?.closed, false);
});

test("a dropped socket is not heard any more", () => {
  const { world, link, heard } = setUp();
  const late = world.sockets[0]?.onmessage;
  world.now = SILENCE_MS + 1;
  link.watch(1000);

  assert.equal(typeof late, "function");
  assert.equal(world.sockets[0]?.onmessage, null);
  assert.deepEqual(heard, []);
});

test("the network is back: no waiting, and only one connection", () => {
  const { world, link } = setUp();
  world.sockets[0]?.onclose?.({ code: 1006 });
  link.hurry(1000);

  assert.equal(world.sockets.length, 2);
  assert.equal(world.planned.length, 0);
});

test("how long nothing works counts from the last good message", () => {
  const { world, link } = setUp();
  world.now = 10_000;
  link.well();
  world.now = 75_000;

  assert.equal(link.failingMs(), 65_000);
});
