"""What the owner of an investigation is told when a step of it is overdue."""

from collections.abc import Mapping
from typing import Final

from alerting import figures
from alerting.core.investigations import Overdue
from alerting.core.telling import Notice
from alerting.language import WORDS
from alerting.message import kpi_name
from streams.core.words import LANGUAGES, Language

VIA: Final = "mail"
"""An overdue step wakes nobody."""


def announcement(overdue: Overdue, people: frozenset[str], clock_ms: int) -> Notice:
    """Returns what to tell, and to whom; once a day, whoever decides it.

    Args:
        overdue: What is overdue.
        people: Ids of all people: any other owner is a duty.
        clock_ms: Redis TIME.
    """
    record = overdue.record
    kind = "person" if record.owner in people else "duty"
    return Notice(
        id=f"{record.id}|overdue|{overdue.day}",
        group=record.id,
        kind="announcement",
        to=(f"{kind}:{record.owner}/{VIA}",),
        clock_ms=clock_ms,
        text={language: _text(overdue, language) for language in LANGUAGES},
    )


def _text(overdue: Overdue, language: Language) -> str:
    words, record = WORDS[language], overdue.record
    return words.overdue.format(
        kpi=kpi_name(record.kpi, language),
        segment=figures.segment(words, record.segment),
        what=", ".join(_step(words.overdue_steps, what) for what in overdue.what),
    )


def _step(texts: Mapping[str, str], what: str) -> str:
    step, _, number = what.partition(" ")
    return texts[step].format(n=number)
