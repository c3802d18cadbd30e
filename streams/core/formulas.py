"""The text of a formula, made of what the formula is made of.

`{value}`, `{n}`, `{part}` and `{whole}` in a text are the places for the numbers of a reading.
"""

from collections.abc import Mapping
from typing import Final

from streams.core.costs import Costing
from streams.core.shapes import (
    AgentsNow,
    Cost,
    Count,
    Mean,
    Now,
    NowShape,
    Quantile,
    Rate,
    Shape,
    Share,
    TimeShare,
    Total,
)
from streams.core.words import LANGUAGES, WORDS, Text

_SPENT: Final[Mapping[Costing, Text]] = {
    "staffed": Text("staffed time × its rate", "temps connecté × son taux"),
    "staffed+fixed": Text(
        "(staffed time × its rate + fixed costs)", "(temps connecté × son taux + coûts fixes)"
    ),
    "handling": Text(
        "(talk + hold + wrap-up) × rate", "(conversation + mise en attente + post-appel) × taux"
    ),
}


def text(shape: Shape | NowShape) -> Text:
    """Returns the formula in words, with places for today's numbers."""
    match shape:
        case Count(what) | Total(what):
            return Text(f"{what.text('en')} = {{value}}", f"{what.text('fr')} = {{value}}")
        case Share(part, whole) | TimeShare(part, whole):
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
        case Rate() | Cost():
            return _text_by_time(shape)
        case _:
            return _text_now(shape)


def _text_by_time(shape: Rate | Cost) -> Text:
    match shape:
        case Rate(what, time):
            en, fr = (f"{what.factor(x)} ÷ {time.factor(x)}" for x in LANGUAGES)
            return Text(
                f"{en} in hours, of {{n}} = {{value}}", f"{fr} en heures, sur {{n}} = {{value}}"
            )
        case Cost(by):
            en, fr, over = *_SPENT[by], WORDS["handled"]
            return Text(
                f"{en} ÷ {over.en}, of {{n}} = {{value}}",
                f"{fr} ÷ {over.fr}, sur {{n}} = {{value}}",
            )


def _text_now(shape: NowShape) -> Text:
    match shape:
        case AgentsNow(what):
            en, fr = WORDS[what]
            return Text(f"agents {en} now = {{value}}", f"conseillers {fr} maintenant = {{value}}")
        case Now("wait_longest"):
            return Text(
                "now − start of the oldest wait, of {n} waiting = {value}",
                "maintenant − début de la plus ancienne attente, sur {n} en attente = {value}",
            )
        case Now(what):
            words = WORDS[what]
            return Text(f"{words.en} = {{value}}", f"{words.fr} = {{value}}")


def counted(shape: Shape | NowShape) -> Text:
    """Returns what n counts; of time: what it is that many minutes of."""
    match shape:
        case Count(what) | Total(what) | Rate(what) | Mean(over=what) | Quantile(over=what):
            return Text(what.text("en"), what.text("fr"))
        case Share(whole=what) | TimeShare(whole=what):
            return Text(what.text("en"), what.text("fr"))
        case Cost():
            return WORDS["handled"]
        case AgentsNow(what):
            en, fr = WORDS[what]
            return Text(f"agents {en} now", f"conseillers {fr} maintenant")
        case Now("wait_longest"):
            return WORDS["waiting"]
        case Now(what):
            return WORDS[what]
