"""From a decision to a mailbox: a real store, a sender, a real SMTP server."""

import pytest

from alerting.core.telling import TOLD
from streams.settings import Address
from tests.alerting.delivery.world import World, alert
from tests.alerting.notifiers.test_mail import Box, at, box
from tests.alerting.telling import notice

__all__ = ["at", "box"]


@pytest.mark.parametrize("answer", ["250 OK", "451 later"])
async def test_mails_about_one_group_are_a_thread(
    redis_url: str, box: Box, at: str, answer: str
) -> None:
    """From what fired to its end, also where the server is busy at first."""
    world = World(redis_url, {"ar": Address(mail=at)}, duties={"floor": ("ana",)})
    box.data = answer
    await world.decide(notice("fire", alert("a"), to=("duty:floor/mail",)))
    await world.sender.run_once()
    box.data = "250 OK"
    await world.pass_s(7)
    await world.sender.run_once()

    await world.decide(notice("reminder", alert("a"), to=("duty:floor/mail",), n=1))
    await world.sender.run_once()
    over = notice("resolve", alert("a", "resolve"), to=(TOLD,), n=2)
    await world.decide(over, over=True)
    await world.sender.run_once()
    await world.close()

    first, *others = box.mails
    assert "References" not in first
    assert [m["References"] for m in others] == [first["Message-ID"]] * 2
    assert len({m["Message-ID"] for m in box.mails}) == 3
    text = first.get_body(("plain",))
    assert text is not None
    assert "Envoyé par Pouls" in text.get_content()
