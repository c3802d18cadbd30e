"""The catalogue as JSON."""

import json
from typing import Any

import pytest

from api.catalog import digest, documents
from streams.core.kpis import KPIS


def entries(language: str) -> dict[str, dict[str, Any]]:
    """Returns the entries by id."""
    return {e["id"]: e for e in json.loads(documents()[language].body)["kpis"]}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_kpi_says_what_it_is_in_both_languages(language: str) -> None:
    """Name, definition, every formula in words, unit, direction, source."""
    catalogue = entries(language)

    assert list(catalogue) == list(KPIS)
    for entry in catalogue.values():
        texts = [entry["name"], entry["definition"], entry["source"]]
        texts += [f[part] for f in entry["formulas"].values() for part in ("text", "n")]
        assert all(texts)
        names = {f["name"] for f in entry["formulas"].values()}
        assert (names == {None}) == (len(entry["formulas"]) == 1)
        assert entry["display"]["format"] in {"count", "percent", "duration", "number", "money"}


def test_the_languages_differ_in_words_and_agree_in_the_rest() -> None:
    """TMT here, AHT there; the same target."""
    en, fr = entries("en"), entries("fr")

    assert en["handle_time_mean"]["name"] != fr["handle_time_mean"]["name"]
    assert en["service_level"]["target"] == fr["service_level"]["target"]
    assert set(en["service_level"]["formulas"]) >= {
        "SL-A",
        "SL-B",
        "SL-C",
        "SL-D",
        "SL-E",
        "SL-now",
    }


def test_what_a_wall_must_know_to_write_a_number_stands_beside_it() -> None:
    """A currency, parts of time in ms, whether few of it say little."""
    shown = entries("en")

    assert shown["cost_per_contact"]["unit"] == "money:EUR"
    assert shown["adherence"]["part_unit"] == "ms"
    assert shown["nonresponse_rate"]["part_unit"] == "contacts"
    assert shown["wait_mean"]["part_unit"] is None
    assert [shown[kpi]["sampled"] for kpi in ("adherence", "staffed_time")] == [True, False]
    francs = json.loads(documents("CHF")["fr"].body)["kpis"]
    assert {k["unit"] for k in francs if k["kind"] == "cost"} == {"money:CHF"}
    assert digest(documents("CHF")) != digest(documents())


def test_a_formula_is_named_with_the_tolerance() -> None:
    """So a tile says by which of them it judges; another tolerance is another catalogue."""
    told = documents(tolerance_ms=300_000)
    (adherence,) = (e for e in json.loads(told["fr"].body)["kpis"] if e["id"] == "adherence")

    assert adherence["formulas"]["ignore"]["name"] == "Amazon ±5\u00a0min"
    assert entries("fr")["adherence"]["formulas"]["exception"]["name"] == "Genesys"
    assert digest(told) != digest(documents())


def test_the_digest_is_stable_and_each_language_has_its_etag() -> None:
    """So a client may keep what it has."""
    first, second = documents(), documents()

    assert digest(first) == digest(second)
    assert first["en"].etag == second["en"].etag != first["fr"].etag
