"""`/api/v1/handover`: JSON for programs, one page for people."""

import re

import pytest

from alerting.core.telling import Matcher, Notice, Quiet
from alerting.store import Dead, Delivery
from alerting.web.words import WORDS
from tests.alerting.web.rig import EPISODE, NOW_MS, Rig, event, instance

PATH = "/api/v1/handover"


@pytest.fixture
def rig() -> Rig:
    """One alert that somebody has, one that Redis forgot how it began, a silence, a dead letter."""
    rig = Rig()
    rig.store.show(
        instance(),
        instance("queue:lost"),
        quiet=[
            Quiet(
                id="q", kind="silence", match=Matcher(segments=("queue:b",)),
                from_ms=NOW_MS - 1000, until_ms=NOW_MS + 60_000, by="ana", note="works <b>",
            )
        ],
    )  # fmt: skip
    rig.store.events = [
        event("fire", NOW_MS - 300_000),
        event("ack", NOW_MS - 200_000, by="ana", note="on it"),
        event("note", NOW_MS - 100_000, by="bob", note="trunk down"),
    ]
    notice = Notice(
        id="n", group="g", kind="fire", to=("duty:x/page",), items=(rig.store.events[0],),
        clock_ms=NOW_MS,
    )  # fmt: skip
    letter = Delivery(notice=notice, address="ana/page", first_ms=NOW_MS)
    rig.store.letters = [
        Dead(id=f"{NOW_MS - 10}-0", delivery=None),
        Dead(id=f"{NOW_MS - 20}-0", delivery=letter),
        Dead(id=f"{NOW_MS - 90_000_000}-0", delivery=letter),
    ]
    return rig


async def test_a_shift_is_handed_over_as_json(rig: Rig) -> None:
    """The last eight hours, unless another time is asked for."""
    answer = await rig.get(PATH)
    body = answer.json()

    assert answer.status_code == 200
    assert (body["from"], body["to"]) == ("2026-09-21T06:13:20.001Z", "2026-09-21T14:13:20.001Z")
    assert EPISODE in body["open"]
    assert len(body["open"]) == 2
    alert = next(a for a in body["alerts"] if a["episode"] == EPISODE)
    assert alert["fired"] == "2026-09-21T14:08:20Z"
    assert alert["ended"] is None
    assert alert["acked"] == [{"by": "ana", "at": "2026-09-21T14:10:00Z", "note": "on it"}]
    assert alert["notes"] == [{"by": "bob", "at": "2026-09-21T14:11:40Z", "note": "trunk down"}]
    assert [q["id"] for q in body["quiet"]] == ["q"]
    assert [(u["address"], u["kind"], u["episodes"]) for u in body["undelivered"]] == [
        ("ana/page", "fire", [EPISODE]), ("", "", []),
    ]  # fmt: skip
    assert (body["left_out"], body["watched"]) == (0, True)


@pytest.mark.parametrize("lang", ["fr", "en"])
async def test_a_shift_is_handed_over_on_paper(rig: Rig, lang: str) -> None:
    """For who asks for it by address or by what he accepts; aliases instead of ids."""
    answer = await rig.get(PATH, format="html", lang=lang)
    words, text = WORDS[lang], answer.text  # type: ignore[index] # one of ours

    assert answer.headers["content-type"].startswith("text/html")
    assert f'<html lang="{lang}">' in text
    for said in (words.handover, words.open, words.fired, words.quiets, words.dead, words.still):
        assert said in text
    assert "Ana R., 2026-09-21 16:10" in text
    assert "trunk down" in text
    assert "works &lt;b&gt;" in text
    assert not re.search(r"<script|<form|<link|<img", text)
    assert "form-action 'none'" in answer.headers["content-security-policy"]
    assert words.nobody_watches not in text


async def test_a_browser_gets_the_page(rig: Rig) -> None:
    """In its language."""
    await rig.look()
    async with rig.client(accept="text/html,*/*", **{"accept-language": "en"}) as client:
        page = await client.get(PATH)
        data = await client.get(PATH, params={"format": "json"})

    assert WORDS["en"].handover in page.text
    assert data.json()["watched"] is True


async def test_an_empty_shift_says_so_and_that_nobody_watches() -> None:
    """An empty page could mean anything."""
    rig = Rig()
    rig.store.beat_ms = 0
    text = (await rig.get(PATH, format="html")).text
    words = WORDS["fr"]

    for said in (words.none_open, words.none_fired, words.none_quiet, words.none_dead):
        assert said in text
    assert words.nobody_watches in text


async def test_alerts_of_agents_are_only_counted() -> None:
    """On paper more than anywhere."""
    rig = Rig()
    rig.store.show(instance("agent:7", rule="adherence"))
    text = (await rig.get(PATH, format="html", lang="en")).text

    assert WORDS["en"].left_out.format(n=1) in text
    assert "agent:7" not in text


@pytest.mark.parametrize(
    ("params", "bad"),
    [
        ({"format": "pdf", "lang": "de"}, ["format", "lang"]),
        ({"from": "x", "to": "y"}, ["from", "to"]),
        ({"shift": "night"}, ["shift"]),
    ],
)
async def test_bad_parameters_are_named(rig: Rig, params: dict[str, str], bad: list[str]) -> None:
    """All of them."""
    answer = await rig.get(PATH, **params)

    assert answer.status_code == 400
    assert [p["name"] for p in answer.json()["parameters"]] == bad
