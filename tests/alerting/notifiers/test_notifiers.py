"""Every notifier keeps to the same contract; each address has one."""

import logging
from collections.abc import AsyncIterator

import pytest

from alerting.notifiers import NOTIFIERS, Failed, Notifiers, scheme
from alerting.notifiers.base import Notifier, Tools
from tests.alerting.telling import CLOCK_MS, parcel

KINDS = (
    "fire", "worse", "reminder", "escalation", "resolve", "ack", "unack", "announcement", "test",
)  # fmt: skip


@pytest.fixture(params=NOTIFIERS)
async def one(request: pytest.FixtureRequest, tools: Tools) -> AsyncIterator[Notifier]:
    """Each notifier."""
    made: Notifier = request.param(tools)
    yield made
    await made.close()


@pytest.fixture
async def all_of_them() -> AsyncIterator[Notifiers]:
    """All notifiers."""
    made = Notifiers(lambda: CLOCK_MS)
    yield made
    await made.close()


def test_no_two_have_the_same_scheme(all_of_them: Notifiers) -> None:
    """An address has one notifier."""
    each = [s for make in all_of_them._all for s in make.schemes]

    assert len(each) == len(set(each)) == len(all_of_them.schemes)


def test_each_tells_that_something_began_and_ended(one: Notifier) -> None:
    """Whoever hears of the one hears of the other, and can be tried."""
    assert all(one.wants(kind) for kind in ("fire", "worse", "resolve", "test"))


def test_each_says_what_is_wrong(one: Notifier) -> None:
    """In a sentence that does not repeat the address."""
    for begin in one.schemes:
        says = one.complaint(f"{begin}://")
        assert says
        assert "\n" not in says


async def test_each_refuses_a_bad_address_for_good(one: Notifier) -> None:
    """Another attempt would be no better."""
    outcome = await one.send(f"{one.schemes[0]}://", parcel())

    assert isinstance(outcome, Failed)
    assert outcome.final


def test_who_must_be_told_again_wants_to_hear_reminders(one: Notifier) -> None:
    """What is kept alive is told as one."""
    assert one.keep_s is None or one.wants("reminder")


async def test_an_unknown_kind_of_address_has_a_hint(all_of_them: Notifiers) -> None:
    """With what was probably meant."""
    assert all_of_them.of("mail://x") is None
    assert all_of_them.complaint("pagerdutty://x").endswith("did you mean 'pagerduty'?")
    assert all_of_them.complaint("pagerduty://abc") == ""


async def test_httpx_does_not_tell_addresses(all_of_them: Notifiers) -> None:
    """At the level at which we log."""
    assert all_of_them.schemes
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    ("url", "found"),
    [("Webhook+HTTPS://x", "webhook+https"), ("x", ""), ("", ""), ("mailto://a:b@c", "mailto")],
)
def test_a_scheme_is_all_that_may_be_told(url: str, found: str) -> None:
    """It is the label of metrics."""
    assert scheme(url) == found
