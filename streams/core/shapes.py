"""The five shapes of a KPI: how a value, its n, its part and its whole come out of sums.

A shape names measures and holds no code. Its text is made of the same names, so what the wall says
of a formula is the formula. `{value}`, `{n}`, `{part}` and `{whole}` in a text are the places for
the numbers of a reading.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Self

import msgspec

from streams.core.live import Live
from streams.core.tally import percentile

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
BEYOND: Final = "waiting_beyond"
"""Not a measure of cells: contacts that wait beyond their answer target now (SL-now)."""


class Text(NamedTuple):
    """A sentence in both languages."""

    en: str
    fr: str


WORDS: Final[Mapping[str, Text]] = {
    "offered": Text("offered", "présentés"),
    "answered": Text("answered", "pris en charge"),
    "answered_within": Text("answered within the target", "pris en charge dans le délai"),
    "abandoned": Text("abandoned", "abandonnés"),
    "abandoned_within": Text("abandoned within the target", "abandonnés dans le délai"),
    "short_abandoned": Text("short abandons", "abandons courts"),
    "callback_within": Text("callbacks within the target", "rappels dans le délai"),
    "flowed_out": Text("flowed out", "débordés"),
    "transferred": Text("transferred", "transférés"),
    "handled": Text("handled", "traités"),
    "wait_ms": Text("wait", "attente"),
    "wait_abandoned_ms": Text("wait", "attente"),
    "talk_ms": Text("talk", "conversation"),
    "hold_ms": Text("hold", "mise en attente"),
    "wrap_ms": Text("wrap-up", "post-appel"),
    "waiting": Text("waiting now", "en attente maintenant"),
    "in_progress": Text("served now", "en cours maintenant"),
    "orphaned": Text("silent beyond their limit", "silencieux au-delà de leur limite"),
    BEYOND: Text("waiting beyond the target now", "en attente au-delà du délai maintenant"),
}
"""What measures are called in formulas."""


class Measured(NamedTuple):
    """What a shape makes of sums."""

    value: int | float | None
    """`None` = no data."""
    n: int
    part: int | None = None
    whole: int | None = None


NO_DATA: Final = Measured(None, 0)


class Sum(msgspec.Struct, frozen=True):
    """A sum of measures."""

    terms: tuple[tuple[int, str], ...]
    """(1 or −1, measure)."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the sum that `a + b - c` means."""
        signs = {"+": 1, "-": -1}
        words = ["+", *text.split()]
        return cls(tuple((signs[s], m) for s, m in zip(words[::2], words[1::2], strict=True)))

    def of(self, measures: Mapping[str, int]) -> int:
        """Returns its value; a measure that is not there is 0."""
        return sum(sign * measures.get(measure, 0) for sign, measure in self.terms)

    def text(self, language: Language) -> str:
        """Returns it in words."""
        signs = {1: "+", -1: "−"}
        words = [f"{signs[s]} {getattr(WORDS[m], language)}" for s, m in self.terms]
        return " ".join(words).removeprefix("+ ")

    def factor(self, language: Language) -> str:
        """Returns it in words as a side of a division."""
        text = self.text(language)
        return f"({text})" if len(self.terms) > 1 else text


class Count(msgspec.Struct, frozen=True, tag=True):
    """A count of contacts, complete by itself."""

    what: Sum


class Share(msgspec.Struct, frozen=True, tag=True):
    """A part of a whole, 0..1."""

    part: Sum
    whole: Sum


class Mean(msgspec.Struct, frozen=True, tag=True):
    """A sum of milliseconds over contacts, in seconds."""

    total: Sum
    over: Sum


class Quantile(msgspec.Struct, frozen=True, tag=True):
    """A nearest-rank percentile of a histogram, in seconds."""

    percent: int
    family: int
    of: Sum
    """What the histogram holds, in words."""
    over: Sum


class Now(msgspec.Struct, frozen=True, tag=True):
    """What is true now, without a window."""

    what: Literal["waiting", "in_progress", "orphaned", "wait_longest"]


Shape = Count | Share | Mean | Quantile
"""Shapes that are read from the sums of a window."""


def measure(shape: Shape, measures: Mapping[str, int], hist: Mapping[int, int]) -> Measured:
    """Returns what a shape makes of the sums of a window: measures and histograms."""
    match shape:
        case Count(what):
            count = what.of(measures)
            return Measured(count, count)
        case Share():
            part, whole = shape.part.of(measures), shape.whole.of(measures)
            return Measured(part / whole if whole else None, whole, part, whole)
        case Mean():
            n = shape.over.of(measures)
            return Measured(shape.total.of(measures) / (1000 * n) if n else None, n)
        case Quantile():
            n = shape.over.of(measures)
            return Measured(percentile(hist, shape.family, shape.percent), n)


def measure_now(shape: Now, live: Live, now_ms: int) -> Measured:
    """Returns what a shape makes of the contacts that are there now; n of a wait = who waits."""
    match shape.what:
        case "waiting":
            return Measured(live.waiting, live.waiting)
        case "in_progress":
            return Measured(live.in_progress, live.in_progress)
        case "orphaned":
            return Measured(live.orphaned, live.orphaned)
        case "wait_longest":
            if live.oldest_s is None:
                return NO_DATA
            return Measured(max(0, now_ms - live.oldest_s * 1000) / 1000, live.waiting)


def text(shape: Shape | Now) -> Text:
    """Returns the formula in words, with places for today's numbers."""
    match shape:
        case Count(what):
            return Text(f"{what.text('en')} = {{value}}", f"{what.text('fr')} = {{value}}")
        case Share(part, whole):
            en, fr = (f"{part.factor(x)} ÷ {whole.factor(x)}" for x in LANGUAGES)
            return Text(f"{en} = {{part}} ÷ {{whole}}", f"{fr} = {{part}} ÷ {{whole}}")
        case Mean(total, over):
            en, fr = (f"{total.factor(x)} ÷ {over.factor(x)}" for x in LANGUAGES)
            return Text(f"{en}, mean of {{n}} = {{value}}", f"{fr}, moyenne de {{n}} = {{value}}")
        case Quantile(percent, _, of, over):
            return Text(
                f"{percent} % of {{n}} contacts {over.text('en')}: {of.text('en')} ≤ {{value}}",
                f"{percent} % des {{n}} contacts {over.text('fr')} : {of.text('fr')} ≤ {{value}}",
            )
        case Now("wait_longest"):
            return Text(
                "now − start of the oldest wait, of {n} waiting = {value}",
                "maintenant − début de la plus ancienne attente, sur {n} en attente = {value}",
            )
        case Now(what):
            words = WORDS[what]
            return Text(f"{words.en} = {{value}}", f"{words.fr} = {{value}}")


def counted(shape: Shape | Now) -> Text:
    """Returns what n counts."""
    match shape:
        case Count(what) | Share(whole=what) | Mean(over=what) | Quantile(over=what):
            return Text(what.text("en"), what.text("fr"))
        case Now("wait_longest"):
            return WORDS["waiting"]
        case Now(what):
            return WORDS[what]
