"""The languages in which alerts are told: one file each."""

from collections.abc import Mapping
from typing import Final

from alerting.language.en import en
from alerting.language.fr import fr
from alerting.language.words import Words
from streams.core.words import Language

WORDS: Final[Mapping[Language, Words]] = {"en": en, "fr": fr}

__all__ = ["WORDS", "Words"]
