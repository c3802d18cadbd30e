"""Figures as people of one language write them."""

import pytest

from alerting import figures
from alerting.language import WORDS

FR, EN = WORDS["fr"], WORDS["en"]


@pytest.mark.parametrize(
    ("unit", "value", "french", "english"),
    [
        ("ratio", 0.125, "12,5 %", "12.5%"),
        ("ratio", 1.0, "100 %", "100%"),
        ("seconds", 45.0, "45 s", "45 s"),
        ("seconds", 59.6, "1 min", "1 min"),
        ("seconds", 185.0, "3 min 05 s", "3 min 05 s"),
        ("seconds", 720.0, "12 min", "12 min"),
        ("seconds", 9000.0, "2 h 30", "2 h 30 min"),
        ("contacts", 1204.0, "1 204", "1,204"),
        ("contacts", 0.0, "0", "0"),
        ("number", -0.004, "0", "0"),
        ("per_hour", 7.25, "7,2 par heure", "7.2 an hour"),
        ("money", 3.5, "3,5 EUR", "3.5 EUR"),
        ("ratio", None, "—", "—"),
    ],
)
def test_values(unit: str, value: float | None, french: str, english: str) -> None:
    """Values."""
    said = figures.figure(FR, unit, value, "EUR").replace("\u00a0", " ").replace("\u202f", " ")
    assert said == french
    assert figures.figure(EN, unit, value, "EUR") == english


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("live", "now"), ("today", "today"), ("interval", "this quarter hour"),
        ("30m", "over 30 min"), ("2h", "over 2 h 00 min"), ("7d", "over 7 days"),
        ("2026-11-24", "2026-11-24"),
    ],
)  # fmt: skip
def test_windows(name: str, said: str) -> None:
    """Windows."""
    assert figures.window(EN, name) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("site", "tout le site"),
        ("queue:sav", "file sav"),
        ("channel:voice+queue:a%2Cb", "canal téléphone, file a,b"),
    ],
)
def test_segments(name: str, said: str) -> None:
    """Segments."""
    assert figures.segment(FR, name) == said
