"""A notice becomes one delivery an address; what cannot be told to some is told to the fallback."""

import pytest

from alerting.core.shapes import Severity
from alerting.core.telling import Notice
from alerting.delivery.jobs import Due, Job, together
from alerting.delivery.spreading import instead, thread
from alerting.store import Delivery
from tests.alerting.delivery.world import alert
from tests.alerting.telling import CLOCK_MS, notice


def test_a_thread_is_of_a_group_and_an_address() -> None:
    """It is named by the first that could have been told there."""
    first, third = notice(n=0), notice(n=2)

    assert thread(first, "ana/page") == thread(third, "ana/page") == f"{first.id}:ana/page"
    assert thread(first, "ana/page") != thread(first, "bea/page")


def test_what_has_no_number_is_a_thread_of_its_own() -> None:
    """As announcements are."""
    said = Notice(id="quiet|q1|before", group="q1", kind="announcement", to=(), clock_ms=CLOCK_MS)

    assert thread(said, "ana/mail") == "quiet|q1|before:ana/mail"


def test_the_fallback_hears_who_could_not_be_told() -> None:
    """In both languages, before what there was to say, under a key of its own."""
    said = notice("announcement", text={"en": "Hello.", "fr": "Bonjour."})
    found = instead(said, ["ana/page", "duty:x"], "channel:room", CLOCK_MS)

    assert found is not None
    assert found.address == "channel:room"
    assert found.notice.text == {
        "en": "Could not be told: ana/page, duty:x. Hello.",
        "fr": "N’a pas pu être prévenu : ana/page, duty:x. Bonjour.",
    }
    assert found.key != Delivery(notice=said, address="channel:room", first_ms=CLOCK_MS).key


@pytest.mark.parametrize(("fallback", "missing"), [(None, "a/page"), ("channel:x", "channel:x")])
def test_there_may_be_no_fallback(fallback: str | None, missing: str) -> None:
    """Or it is itself what cannot be reached."""
    assert instead(notice(), [missing], fallback, CLOCK_MS) is None


def due(told: Notice) -> Due:
    """Returns a delivery that was begun."""
    delivery = Delivery(notice=told, address="ana/page", first_ms=CLOCK_MS, thread="t")
    return Due(Job(told.id, delivery, 0.0), told.items)


def test_one_delivery_is_its_own_letter() -> None:
    """With its key and its thread."""
    one = due(notice())
    letter = together([one])

    assert (letter.key, letter.thread) == (one.job.delivery.key, "t")
    assert letter.notice is one.job.delivery.notice


def test_several_are_one_letter_with_each_alert_once() -> None:
    """As it was told last, and the same letter has the same key."""
    mild = alert("a", severity=Severity.WARNING)
    worse = alert("a", "escalate")
    both = [
        due(notice("reminder", mild, group="g")),
        due(notice("worse", worse, alert("b"), group="g", n=1)),
    ]
    letter = together(both)

    assert letter.items == (worse, alert("b"))
    assert (letter.notice.kind, letter.notice.then) == ("worse", None)
    assert letter.key == together(both).key != both[0].job.delivery.key
    assert letter.notice.text["en"].startswith("Several messages in one")
