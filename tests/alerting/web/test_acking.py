"""The signed link in a message."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from alerting.core.shapes import Severity
from alerting.links import PATH, Links
from alerting.web.words import WORDS, language_of
from tests.alerting.web.rig import (
    EPISODE,
    NOW_MS,
    SIGNS,
    URL,
    Rig,
    ack,
    event,
    instance,
    over,
)

LINKS = Links(URL, SIGNS)
FR, EN = WORDS["fr"], WORDS["en"]


def token(address: str = "ana/page", episode: str = EPISODE, links: Links = LINKS) -> str:
    """Returns a token that holds for a second more."""
    return links.ack(episode, address, NOW_MS + 1000).partition("?t=")[2]


class Page(HTMLParser):
    """What a page says, and what its form would send."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.fields: dict[str, str] = {}
        self.tags: list[str] = []
        self.text = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes tags and fields."""
        self.tags.append(tag)
        found = dict(attrs)
        if tag in ("input", "textarea"):
            self.fields[str(found["name"])] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data


async def show(rig: Rig, t: str, **headers: str) -> Page:
    """Opens a link."""
    await rig.look()
    async with rig.client(**headers) as client:
        return Page(await client.get(PATH, params={"t": t}))


async def send(rig: Rig, page: Page, **fields: str) -> Page:
    """Sends the form of a page."""
    async with rig.client() as client:
        return Page(await client.post(PATH, data=page.fields | fields))


@pytest.fixture
def rig() -> Rig:
    """One alert."""
    rig = Rig()
    rig.store.show(instance())
    return rig


async def test_the_page_shows_what_matters_and_changes_nothing(rig: Rig) -> None:
    """Value against target, since when, who has it; opened any number of times."""
    page = await show(rig, token())
    await show(rig, token())

    assert page.status == 200
    assert "3 min 15 s" in page.text.replace("\u00a0", " ")
    assert "cible 1 min" in page.text.replace("\u00a0", " ")
    assert re.search(r"\d\d:\d\d", page.text)
    assert FR.nobody in page.text
    assert set(page.fields) == {"t", "lang", "note"}
    assert rig.writer.records == []


async def test_the_page_can_do_nothing_but_send_its_form_to_us(rig: Rig) -> None:
    """No script, no foreign source; and the browser says where the form comes from."""
    page = await show(rig, token())
    headers = page.answer.headers

    assert "script" not in page.tags
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


async def test_the_form_takes_it_on(rig: Rig) -> None:
    """In the name of whom the link was sent to, with a note."""
    page = await send(rig, await show(rig, token()), note="  j’y vais ")

    (record,) = rig.writer.records
    assert (page.status, FR.done in page.text, "form" in page.tags) == (200, True, False)
    assert (record.kind, record.object) == ("ack", EPISODE)
    assert (record.by, record.note) == ("ana", "j’y vais")
    assert "form-action 'none'" in page.answer.headers["content-security-policy"]


async def test_a_form_cannot_say_that_it_is_somebody_else(rig: Rig) -> None:
    """The link says who."""
    await send(rig, await show(rig, token()), by="bob")

    assert rig.writer.records[0].by == "ana"


async def test_a_link_that_was_used_says_so(rig: Rig) -> None:
    """GET and POST; nothing is recorded again."""
    first = await show(rig, token())
    rig.store.show(instance(ack=ack("ana")))
    page = await show(rig, token())
    again = await send(rig, first)

    for one in (page, again):
        assert "Ce lien a déjà servi" in one.text
        assert "form" not in one.tags
    assert rig.writer.records == []


async def test_somebody_else_can_take_it_over(rig: Rig) -> None:
    """Who has it is said by the alias."""
    rig.store.show(instance(ack=ack("ana")))
    page = await show(rig, token("bob/page"))
    assert "Ana R." in page.text
    assert FR.take_over in page.text

    await send(rig, page)
    assert rig.writer.records[0].by == "bob"


async def test_what_is_over_and_was_seen_by_nobody_can_be_seen(rig: Rig) -> None:
    """Acknowledging it is noted."""
    rig.store.show(over())
    page = await show(rig, token())
    assert FR.seen in page.text

    assert (await send(rig, page)).status == 200
    assert rig.writer.records[0].kind == "ack"


async def test_what_is_over_says_so(rig: Rig) -> None:
    """With what it was, as far as anybody knows."""
    page = await show(rig, token())
    rig.store.show()
    rig.store.events = [
        event("fire", NOW_MS - 1000), event("resolve", NOW_MS - 500, reason="clear")
    ]  # fmt: skip
    await rig.look()
    for one in (await show(rig, token()), await send(rig, page)):
        assert one.status == 410
        assert FR.gone in one.text
        assert "sav" in one.text
        assert "form" not in one.tags
    assert rig.writer.records == []


async def test_another_alert_in_its_place_is_said(rig: Rig) -> None:
    """A link acknowledges one episode, not the next one."""
    page = await show(rig, token(episode=f"longest_wait|queue:sav|{NOW_MS - 9_000_000}"))

    assert page.status == 410
    assert "une autre du même genre" in page.text
    assert "form" not in page.tags


@pytest.mark.parametrize(
    ("made", "status", "says"),
    [
        (LINKS.ack(EPISODE, "ana/page", NOW_MS).partition("?t=")[2], 410, FR.expired),
        (token(links=Links(URL, "other")), 403, FR.forged),
        (token()[:-2], 403, FR.forged),
        ("", 403, FR.forged),
        (token("eve/page"), 403, FR.stranger),
    ],
)
async def test_a_link_that_opens_nothing_says_why(
    rig: Rig, made: str, status: int, says: str
) -> None:
    """In plain words, both when it is opened and when its form is sent."""
    page = await show(rig, made)
    sent = await send(rig, page, t=made)

    for one in (page, sent):
        assert (one.status, says in one.text, "form" in one.tags) == (status, True, False)
    assert rig.writer.records == []


async def test_a_link_in_a_channel_asks_who_is_there(rig: Rig) -> None:
    """And takes nobody whom the roster does not know."""
    page = await show(rig, token("channel:floor"))
    assert "by" in page.fields
    wrong = await send(rig, page, by="eve")
    assert (wrong.status, FR.no_such_person in wrong.text) == (400, True)
    assert (await send(rig, page)).status == 400
    assert rig.writer.records == []

    assert (await send(rig, wrong, by="bob")).status == 200
    assert rig.writer.records[0].by == "bob"


@pytest.mark.parametrize(
    ("outcome", "status", "says"),
    [(None, 202, FR.recorded), ("another may have begun", 409, FR.refused)],
)
async def test_what_became_of_it_is_said(
    rig: Rig, outcome: str | None, status: int, says: str
) -> None:
    """Also where nobody has taken it in yet."""
    rig.writer.outcome = outcome
    page = await send(rig, await show(rig, token()))

    assert (page.status, says in page.text) == (status, True)


async def test_a_note_that_is_too_long_comes_back_with_the_form(rig: Rig) -> None:
    """Nothing is recorded."""
    page = await send(rig, await show(rig, token()), note="x" * 501)

    assert (page.status, FR.note_too_long in page.text) == (400, True)
    assert "form" in page.tags
    assert rig.writer.records == []


@pytest.mark.parametrize("what", [b"\xff=1", b"x" * 10_000])
async def test_what_is_no_form_opens_nothing(rig: Rig, what: bytes) -> None:
    """Nor is it read to its end."""
    async with rig.client() as client:
        assert (await client.post(PATH, content=what)).status_code == 403


async def test_servers_that_are_away_are_said(rig: Rig) -> None:
    """Kafka when something is sent, Redis before anybody knows what signs."""
    page = await show(rig, token())
    rig.writer.away = True
    assert FR.away in (await send(rig, page)).text

    fresh = Rig()
    fresh.store.away = True
    async with fresh.client() as client:
        answer = await client.get(PATH, params={"t": token()})
    assert (answer.status_code, FR.away in Page(answer).text) == (503, True)


async def test_a_secret_of_the_settings_signs() -> None:
    """Redis is not asked then."""
    own = Rig(secret=SIGNS[::-1])
    own.store.show(instance())

    assert (await show(own, token())).status == 403
    assert (await show(own, token(links=Links(URL, SIGNS[::-1])))).status == 200


async def test_the_page_speaks_the_language_of_the_link_or_the_browser(rig: Rig) -> None:
    """Then that of the settings."""
    browser = await show(rig, token(), **{"accept-language": "en-GB,en;q=0.9,fr;q=0.5"})
    await rig.look()
    async with rig.client(**{"accept-language": "en"}) as client:
        link = Page(await client.get(PATH, params={"t": token(), "lang": "fr"}))

    assert EN.take in browser.text
    assert FR.take in link.text
    assert (browser.fields["lang"], link.fields["lang"]) == ("en", "fr")


@pytest.mark.parametrize(
    ("asked", "accept", "language"),
    [
        (None, "", "fr"),
        (None, "de, en;q=0.3", "en"),
        (None, "fr;q=0.1,en;q=0.3", "en"),
        (None, "en;q=nonsense", "en"),
        ("de", "en", "en"),
        ("en", "fr", "en"),
    ],
)
def test_a_language_that_we_speak_is_found(asked: Any, accept: str, language: str) -> None:
    """The first that is asked for."""
    assert language_of(asked, accept, "fr") == language


async def test_names_and_notes_are_text_never_markup() -> None:
    """Whatever a queue is called."""
    rig = Rig()
    odd = "queue:<script>alert(1)<%2Fscript>"
    rig.store.show(instance(odd, severity=Severity.CRITICAL))
    page = await show(rig, token(episode=f"longest_wait|{odd}|{NOW_MS - 300_000}"))

    assert page.status == 200
    assert "script" not in page.tags
    assert "<script>alert(1)" in page.text
