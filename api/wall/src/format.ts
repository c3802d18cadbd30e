/** Numbers, durations, names and times as people of one language write them. Pure. */

import type { Unit } from "./catalog.ts";
import { fill, plural, type Words } from "./i18n/index.ts";
import { gapOf } from "./gauge.ts";
import type { Target } from "./protocol.ts";

/** A figure and its unit, apart because the wall shows them in different sizes. */
export interface Figure {
  readonly text: string;
  readonly unit: string;
}

export const NO_VALUE: Figure = { text: "—", unit: "" };
const HOUR = 3600;

/** Returns a value as a figure; `null` is a dash, never 0. */
export function figure(words: Words, unit: Unit, value: number | null): Figure {
  if (value === null) {
    return NO_VALUE;
  }
  switch (unit) {
    case "ratio":
      return { text: percent(words, value), unit: "%" };
    case "seconds":
      return { text: duration(Math.round(value)), unit: "" };
    case "contacts":
    case "agents":
      return { text: count(words, value), unit: "" };
    case "number":
      return { text: decimal(words, value, 2), unit: "" };
    case "per_hour":
      return { text: decimal(words, value, 1), unit: "/h" };
    default:
      return money(words, unit, value);
  }
}

/** Returns a figure as one text. */
export function inline(words: Words, unit: Unit, value: number | null): string {
  const { text, unit: sign } = figure(words, unit, value);
  return sign ? `${text}\u00a0${sign}` : text;
}

/** Returns a whole number. */
export function count(words: Words, value: number): string {
  return new Intl.NumberFormat(words.locale, { maximumFractionDigits: 0 }).format(value);
}

/** Returns seconds as mm:ss, from an hour on as h:mm:ss. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / HOUR), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (part: number) => String(part).padStart(2, "0");
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${pad(m)}:${pad(s)}`;
}

/** Returns time that people spent, of ms: "45 s", "12 min", "2 h 30". */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) {
    return `${seconds}\u00a0s`;
  }
  const rest = String(minutes % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes}\u00a0min` : `${Math.floor(minutes / 60)}\u00a0h\u00a0${rest}`;
}

/** Returns an age as a person says it: seconds up to a minute, then mm:ss. */
export function age(seconds: number): string {
  return seconds < 60 ? `${Math.floor(seconds)}\u00a0s` : duration(seconds);
}

/** Returns the time of day of a Unix time, where the screen hangs. */
export function timeOfDay(words: Words, at: number): string {
  const style = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  return new Intl.DateTimeFormat(words.locale, style).format(at * 1000);
}

/** Returns the date of a Unix time, without the year. */
export function date(words: Words, at: number): string {
  const style = { weekday: "long", day: "numeric", month: "long" } as const;
  return new Intl.DateTimeFormat(words.locale, style).format(at * 1000);
}

/** Returns a target: "≤ 02:00", "≥ 80 %", "05:00 à 06:00". */
export function target(words: Words, unit: Unit, { low, high }: Target): string | null {
  const show = (limit: number) => inline(words, unit, limit);
  if (low !== null && high !== null) {
    return fill(words.between, { low: show(low), high: show(high) });
  }
  if (high !== null) {
    return `≤\u00a0${show(high)}`;
  }
  return low === null ? null : `≥\u00a0${show(low)}`;
}

/** Returns how far a value is from its target, in words; `null` inside of it. */
export function gap(words: Words, unit: Unit, value: number, goal: Target): string | null {
  const distance = gapOf(value, goal);
  if (distance === 0) {
    return null;
  }
  const shown = distanceText(words, unit, Math.abs(distance));
  return fill(distance > 0 ? words.above : words.below, { gap: shown });
}

/** Returns a window's name in words. */
export function window(words: Words, name: string): string {
  const [, n = "", unit] = /^(\d+)([mhd])$/.exec(name) ?? [];
  switch (unit ?? name) {
    case "m": return fill(words.minutes, { n });
    case "h": return fill(words.hours, { n });
    case "d": return fill(words.days, { n });
    case "live": return words.now;
    case "today": return words.today;
    case "interval": return words.interval;
    default: return name.replace(/^day:/, "");
  }
}

/** Returns a segment's value: `queue:lave-linge` → "lave-linge"; combinations joined by a dot. */
export function segment(words: Words, name: string): string {
  const parts = name.split("+").map((part) => {
    const [dimension, ...rest] = part.split(":");
    const value = unescape(rest.join(":"));
    return dimension === "channel" ? (words.channels[value] ?? value) : value;
  });
  return name === "site" ? words.site : parts.join(" · ");
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decimal(words: Words, value: number, digits: number): string {
  const style = { maximumFractionDigits: digits };
  return new Intl.NumberFormat(words.locale, style).format(value);
}

/** The currency is shown small, as a unit is, always after the amount. */
function money(words: Words, unit: `money:${string}`, value: number): Figure {
  const currency = unit.slice(unit.indexOf(":") + 1);
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
  const parts = new Intl.NumberFormat(words.locale, style).formatToParts(value);
  const of = (wanted: (type: string) => boolean) =>
    parts.filter(({ type }) => wanted(type)).map((part) => part.value).join("").trim();
  return { text: of((type) => type !== "currency"), unit: of((type) => type === "currency") };
}

/** Shares under 10 % need a decimal to move at all. */
function percent(words: Words, share: number): string {
  const digits = Math.abs(share) < 0.0995 && share !== 0 ? 1 : 0;
  const style = { maximumFractionDigits: digits, minimumFractionDigits: 0 };
  return new Intl.NumberFormat(words.locale, style).format(share * 100);
}

function distanceText(words: Words, unit: Unit, distance: number): string {
  switch (unit) {
    case "seconds":
      return distance < HOUR
        ? duration(Math.max(1, Math.round(distance)))
        : fill(words.hours, { n: Math.floor(distance / HOUR) });
    case "contacts":
      return plural(words, words.contacts, distance, count(words, distance));
    case "agents":
      return plural(words, words.agentsCounted, distance, count(words, distance));
    case "ratio": {
      const points = Math.max(0.1, distance * 100);
      const digits = points < 9.95 ? 1 : 0;
      const style = { maximumFractionDigits: digits };
      const shown = new Intl.NumberFormat(words.locale, style).format(points);
      return plural(words, words.points, Number(points.toFixed(digits)), shown);
    }
    default:
      return inline(words, unit, distance);
  }
}
