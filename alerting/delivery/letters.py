"""What is written to an address: in its language, with its links, whatever breaks."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from alerting.core.rules import Rule
from alerting.core.shapes import Event
from alerting.core.telling import Notice
from alerting.links import Links
from alerting.message import SHORT, Context, Message, render
from alerting.notifiers.base import over
from streams.core.buckets import DAY_MS, Zone
from streams.core.roster import Roster
from streams.core.words import LANGUAGES, Language

LINK_MS: Final = DAY_MS
"""So long a link acknowledges."""
log = logging.getLogger("pouls.delivery")


class Letters(msgspec.Struct, frozen=True, kw_only=True):
    """Writes messages."""

    rules: Mapping[str, Rule]
    roster: Roster
    zone: Zone
    language: Language
    """Of who has none."""
    clock_ms: Callable[[], int]
    links: Links | None = None
    """`None` = nothing is acknowledged by a link."""
    wall: str = ""
    """The public address of the wall."""
    currency: str = ""

    def message(self, notice: Notice, items: Sequence[Event], address: str) -> Message:
        """Returns what to write to an address about some of a notice's alerts."""
        try:
            return render(notice, items, self._language(address), self._context(address))
        except Exception:  # whatever is wrong with a template, the alert is told
            log.exception("notice %s: cannot be written, told in bare words", notice.id)
            return bare(notice, items)

    def about(self, item: Event, address: str) -> dict[str, str]:
        """Returns where there is more about an alert."""
        found = {"wall": self.wall} if self.wall else {}
        rule = self.rules.get(item.key.rule)
        if rule is not None:
            found["runbook"] = rule.runbook
        link = None if over(item) else self._link(item.episode, address)
        return found if link is None else found | {"acknowledge": link}

    def _context(self, address: str) -> Context:
        return Context(
            rules=self.rules,
            zone=self.zone,
            now_ms=self.clock_ms(),
            link=lambda episode: self._link(episode, address),
            name=lambda id_: self.roster.name(id_) or id_,
            currency=self.currency,
        )

    def _link(self, episode: str, address: str) -> str | None:
        if self.links is None:
            return None
        return self.links.ack(episode, address, self.clock_ms() + LINK_MS)

    def _language(self, address: str) -> Language:
        person = self.roster.people.get(address.rpartition("/")[0])
        said = person.lang if person else ""
        return next((known for known in LANGUAGES if known == said), self.language)


def bare(notice: Notice, items: Sequence[Event]) -> Message:
    """Returns a message that nothing can go wrong with."""
    lines = [
        f"{item.kind} {item.severity.name.lower()}: {item.key.rule} {item.key.segment}"
        for item in items
    ] or list(notice.text.values())
    subject = f"Pouls: {lines[0] if lines else notice.kind}"
    text = "\n".join(lines)
    html = text.replace("&", "&amp;").replace("<", "&lt;")
    return Message(subject, subject[:SHORT], text, f"<pre>{html}</pre>")
