"""The KPI catalogue as JSON, one document a language: what a number means, beside the number."""

import hashlib
from typing import Final

import msgspec

from streams.core.catalogue import Kpi
from streams.core.costs import NO_PRICES
from streams.core.kpis import KPIS
from streams.core.words import LANGUAGES, Language

FORMATS: Final = {
    "contacts": "count",
    "agents": "count",
    "ratio": "percent",
    "number": "number",
    "seconds": "duration",
    "per_hour": "number",
    "money": "money",
}
"""unit → how it is shown."""
EVERY_S: Final = {"live": 1, "count": 1}
"""kind → at most so often a readout changes; others less often, to be read at a glance."""
SLOWLY_S: Final = 2


class Document(msgspec.Struct, frozen=True):
    """The catalogue in one language."""

    body: bytes
    etag: str


def documents(currency: str = NO_PRICES.currency, tolerance_ms: int = 0) -> dict[str, Document]:
    """Returns the catalogue in every language.

    Args:
        currency: Costs are in units of it.
        tolerance_ms: Within which agents are judged by their plan: formulas are named with it.
    """
    return {language: _document(language, currency, tolerance_ms) for language in LANGUAGES}


def digest(of: dict[str, Document]) -> str:
    """Returns what changes when any language's catalogue does."""
    return hashlib.sha256(b"".join(d.body for d in of.values())).hexdigest()[:12]


def _document(language: Language, currency: str, tolerance_ms: int) -> Document:
    entries = [
        _entry(kpi, language, currency, tolerance_ms) for kpi in KPIS.values() if not kpi.private
    ]
    body = msgspec.json.encode({"lang": language, "kpis": entries})
    return Document(body, f'"{hashlib.sha256(body).hexdigest()[:16]}"')


def _entry(kpi: Kpi, language: Language, currency: str, tolerance_ms: int) -> dict[str, object]:
    return {
        "id": kpi.id,
        "name": getattr(kpi.name, language),
        "definition": getattr(kpi.definition, language),
        "unit": f"money:{currency}" if kpi.unit == "money" else kpi.unit,
        "direction": kpi.direction,
        "kind": kpi.kind,
        "sampled": kpi.sampled,
        "part_unit": kpi.part_unit,
        "cadence": kpi.cadence,
        "target": kpi.target,
        "channels": sorted(kpi.channels),
        "source": kpi.source,
        "formulas": {
            formula: {
                "name": getattr(kpi.variant(formula, tolerance_ms), language, None),
                "text": getattr(kpi.formula(formula), language),
                "n": getattr(kpi.counts(formula), language),
            }
            for formula in kpi.formulas
        },
        "display": {
            "format": FORMATS[kpi.unit],
            "every_s": EVERY_S.get(kpi.kind, SLOWLY_S),
        },
    }
