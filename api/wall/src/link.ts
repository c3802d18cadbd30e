/**
 * The connection that never gives up: reconnects for ever, and does not believe a socket that is silent.
 *
 * The browser cannot see ping frames and says "open" of a half-open socket for minutes, so the server's
 * tick is the heartbeat: 5 s without a message and the socket is dropped, whatever its state.
 */

import { attemptAfter, backoffMs } from "./backoff.ts";

export const SILENCE_MS = 5_000;
/** After so long without success the page itself may be the fault: ask for a reload. */
export const HOPELESS_MS = 60_000;

/** What the link needs of a WebSocket. */
export interface Socket {
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the link needs of the world. */
export interface World {
  open(): Socket;
  nowMs(): number;
  random(): number;
  /** Calls back later; returns what cancels it. */
  later(call: () => void, ms: number): () => void;
}

export interface Listener {
  heard(text: string): void;
  closed(code: number): void;
}

export class Link {
  private socket: Socket | null = null;
  private cancelRetry: (() => void) | null = null;
  private attempt = 0;
  private lastHeardMs = 0;
  private wellMs: number;
  private retryRange: readonly [number, number] | null = null;

  constructor(
    private readonly world: World,
    private readonly listener: Listener,
  ) {
    this.wellMs = world.nowMs();
  }

  /** Connects now, whatever was planned. */
  connect(): void {
    this.drop();
    this.lastHeardMs = this.world.nowMs();
    const socket = this.world.open();
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      this.lastHeardMs = this.world.nowMs();
      this.listener.heard(data);
    };
    socket.onclose = ({ code }) => this.lost(code);
  }

  /** Sends a message; without a connection it is dropped, the next one subscribes anew. */
  send(message: unknown): void {
    this.socket?.send(JSON.stringify(message));
  }

  /** The server is well: the next failure is a first one. */
  well(): void {
    this.attempt = 0;
    this.wellMs = this.world.nowMs();
  }

  /** The server leaves and says when to come back. */
  excused(rangeMs: readonly [number, number]): void {
    this.retryRange = rangeMs;
  }

  /** To be called every second or so: drops a socket that has been silent for too long. */
  watch(tickMs: number, patience: number = 1): void {
    const silenceMs = Math.max(SILENCE_MS, 3 * tickMs) * patience;
    if (this.socket !== null && this.world.nowMs() - this.lastHeardMs > silenceMs) {
      this.lost(0);
    }
  }

  /** Somebody looks, or the network is back: do not wait any longer. */
  hurry(tickMs: number): void {
    if (this.socket === null) {
      this.connect();
    } else {
      this.watch(tickMs, 0.5);
    }
  }

  /** Returns how long nothing has worked, in ms. */
  failingMs(): number {
    return this.world.nowMs() - this.wellMs;
  }

  private lost(code: number): void {
    this.drop();
    this.attempt = attemptAfter(code, this.attempt);
    const wait = this.waitMs();
    this.attempt += 1;
    this.retryRange = null;
    this.cancelRetry = this.world.later(() => this.connect(), wait);
    this.listener.closed(code);
  }

  private waitMs(): number {
    const random = this.world.random();
    if (this.retryRange !== null) {
      const [from, to] = this.retryRange;
      return from + random * (to - from);
    }
    return backoffMs(this.attempt, random);
  }

  private drop(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    if (this.socket !== null) {
      this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
      this.socket = null;
    }
  }
}
