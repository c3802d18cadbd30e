"""What a sender has in its hands, and the letter that it writes: for one delivery or more."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from alerting.core.shapes import Event
from alerting.core.telling import Notice, NoticeKind
from alerting.notifiers import Notifier, scheme
from alerting.notifiers.base import digest
from alerting.store import Delivery

TOGETHER: Final = {
    "en": "Several messages in one, because there were many:",
    "fr": "Plusieurs messages en un, car il y en a eu beaucoup :",
}
KINDS: Final[tuple[NoticeKind, ...]] = (
    "fire", "worse", "escalation", "reminder", "unack", "ack", "announcement", "test", "resolve",
)  # fmt: skip
"""What matters more stands before; several notices together are of the kind that matters most."""
_replace = msgspec.structs.replace


class Job(NamedTuple):
    """A delivery that was taken from the outbox."""

    stream_id: str
    delivery: Delivery
    taken_s: float
    """On the monotonic clock."""


class Due(NamedTuple):
    """A job, and what of it is news."""

    job: Job
    items: tuple[Event, ...]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told, in one message or one for each alert."""

    notice: Notice
    items: tuple[Event, ...]
    key: str
    thread: str


class Target(NamedTuple):
    """Where to."""

    address: str
    url: str
    notifier: Notifier

    @property
    def channel(self) -> str:
        """Its label in metrics."""
        return scheme(self.url)


def together(due: Sequence[Due]) -> Letter:
    """Returns one letter for one delivery, or for several."""
    first = due[0].job.delivery
    if len(due) == 1:
        return Letter(notice=first.notice, items=due[0].items, key=first.key, thread=first.thread)
    items = tuple({item.episode: item for one in due for item in one.items}.values())
    key = digest("\n".join(one.job.delivery.key for one in due))
    kind = min((one.job.delivery.notice.kind for one in due), key=KINDS.index)
    notice = _replace(first.notice, kind=kind, items=items, text=_said(due), then=None)
    return Letter(notice=notice, items=items, key=key, thread=first.thread)


def _said(due: Sequence[Due]) -> dict[str, str]:
    """Returns what is said before several notices, and in each of them, by language."""
    texts = [one.job.delivery.notice.text for one in due]
    return {
        lang: "\n".join([line, *(text[lang] for text in texts if lang in text)])
        for lang, line in TOGETHER.items()
    }
