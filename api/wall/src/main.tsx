/** Where the parts meet the browser: socket, clocks, keys, storage. */

import { render } from "preact";

import { announce, type Announced } from "./announce.ts";
import { reachable, readReadings } from "./api.ts";
import { sleepWatch, stayAwake } from "./awake.ts";
import { fetchCatalog, Library } from "./catalog.ts";
import { Wall as Screen, type Rows } from "./components/Wall.tsx";
import { Gate } from "./gate.ts";
import { LANGUAGES, pickLang, type Lang } from "./i18n/index.ts";
import { HOPELESS_MS, Link, type Socket } from "./link.ts";
import { memory, recallTrails, rememberTrails } from "./memory.ts";
import { fetchPast } from "./past.ts";
import { decode, SUBPROTOCOL, VERSION, type Hello, type ServerMessage } from "./protocol.ts";
import { prepend } from "./trail.ts";
import { parseView, subscriptionOf } from "./view.ts";
import { Wall } from "./wall.ts";

const DRAW_MS = 250;
const WATCH_MS = 1_000;
const REMEMBER_MS = 30_000;
const OTHER_PROTOCOL = 4406;
const ME = "pouls.me";

const ROWS: Rows = { queues: 7, all: 10, alerts: 2 };
const ROWS_PHONE: Rows = { queues: 6, all: Infinity, alerts: 6 };

const phone = matchMedia("(max-width: 640px)");
const view = parseView(location.search);
const kept = memory();
const wall = new Wall(view, LANGUAGES.fr, recallTrails(kept));
const root = document.getElementById("wall")!;
/** Until there is sign-in, whoever acts says who they are; the screen remembers it. */
const me = {
  read: () => new URLSearchParams(location.search).get("me") ?? kept.getItem(ME) ?? "",
  keep: (id: string) => kept.setItem(ME, id),
};

let build: string | null = null;
let lang: Lang = "fr";
let pastAsked = false;
let asked = 0;
let card: number | null = null;
let cards = 0;
let alert: string | null = null;
let announced: Announced | null = null;
let drawing = false;

const later = (call: () => void, ms: number) => {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
};

const link = new Link(
  { open, later, nowMs: () => performance.now(), random: Math.random },
  { heard, closed },
);
const library = new Library(fetchCatalog, (catalog) => (wall.catalog = catalog));
const gate = new Gate({
  later, reachable, random: Math.random, nowMs: () => Date.now(),
  reload: () => location.reload(), memory: kept,
});

function open(): Socket {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new WebSocket(`${scheme}://${location.host}/ws/v1`, SUBPROTOCOL) as Socket;
}

function heard(text: string): void {
  const message = decode(text);
  if (message === null) {
    return;
  }
  const synced = wall.state.synced;
  wall.hear(message, performance.now() / 1000);
  answer(message, synced);
  redraw();
}

function answer(message: ServerMessage, synced: boolean): void {
  switch (message.type) {
    case "hello":
      greet(message);
      break;
    case "snapshot":
      link.well();
      void recallPast();
      break;
    case "delta":
      link.well();
      if (synced && !wall.state.synced) {
        link.send({ type: "resync" });
      }
      break;
    case "error":
      console.warn(`server: ${message.code}: ${message.message}`);
      break;
    case "bye":
      link.excused(message.retry_ms);
      break;
    case "subscribed":
      break;
  }
}

function greet(hello: Hello): void {
  build ??= hello.build;
  if (hello.v !== VERSION || hello.build !== build) {
    gate.request(() => true);
  }
  speak(pickLang(view.lang, hello.locale));
  library.want(hello.catalog, lang);
  void library.load();
  link.send({ type: "subscribe", id: (asked += 1), ...subscriptionOf(view) });
}

function speak(language: Lang): void {
  lang = language;
  wall.words = LANGUAGES[language];
  document.documentElement.lang = language;
}

/** Fills the trails of a wall that has just been opened; those that a reload kept are not asked for. */
async function recallPast(): Promise<void> {
  if (pastAsked || wall.trails.size > 0) {
    return;
  }
  pastAsked = true;
  const now = wall.serverNow(performance.now() / 1000);
  await fetchPast(view, now, readReadings, (key, point) => {
    wall.trails.set(key, prepend(point, wall.trails.get(key) ?? []));
  });
}

function closed(code: number): void {
  if (code === OTHER_PROTOCOL) {
    gate.request(() => true);
  }
  redraw();
}

function redraw(): void {
  if (!drawing) {
    drawing = true;
    requestAnimationFrame(draw);
  }
}

function draw(): void {
  drawing = false;
  const { moment, tiles, order, agents } = wall.picture(
    performance.now() / 1000, Date.now() / 1000, link.failingMs() / 1000,
  );
  announced = announce(announced, moment, tiles);
  const rows = phone.matches ? ROWS_PHONE : ROWS;
  const told = [...tiles, ...(agents?.plan ?? []), ...(agents?.states ?? [])];
  cards = told.length;
  const props = {
    moment, tiles, order, agents, told, rows, card, setCard, turnCard, announcement: announced.text,
    alert, setAlert, me,
  };
  render(<Screen {...props} />, root);
}

function setCard(index: number | null): void {
  card = index;
  redraw();
}

function setAlert(episode: string | null): void {
  alert = episode;
  redraw();
}

/** Goes to the card of the next number, or of the one before. */
function turnCard(by: 1 | -1): void {
  setCard(((card ?? 0) + by + cards) % cards);
}

function watch(): void {
  link.watch(wall.tickS * 1000);
  void library.load();
  if (link.failingMs() > HOPELESS_MS) {
    gate.request(() => link.failingMs() > HOPELESS_MS);
  }
}

/** The machine slept: nothing that is held is of now. */
function woke(): void {
  wall.wake();
  link.connect();
}

function looked(): void {
  if (document.visibilityState === "visible") {
    link.hurry(wall.tickS * 1000);
    redraw();
    void stayAwake();
  }
}

function pressed(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "i") {
    const focused = document.activeElement?.closest<HTMLElement>("[data-index]")?.dataset["index"];
    setCard(card === null ? Number(focused ?? 0) : null);
  } else if (event.key === "f") {
    void (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen());
  }
}

speak(pickLang(view.lang, ""));
document.documentElement.dataset["theme"] = view.theme;
document.documentElement.style.setProperty("--asked", String(view.label * 100));
document.title = view.title ? `${view.title} · Pouls` : "Pouls";
document.addEventListener("visibilitychange", looked);
document.addEventListener("keydown", pressed);
addEventListener("online", () => link.hurry(wall.tickS * 1000));
addEventListener("pagehide", () => rememberTrails(kept, wall.trails));
setInterval(redraw, DRAW_MS);
setInterval(watch, WATCH_MS);
setInterval(sleepWatch(woke), WATCH_MS);
setInterval(() => rememberTrails(kept, wall.trails), REMEMBER_MS);
root.replaceChildren();
link.connect();
void stayAwake();
draw();
