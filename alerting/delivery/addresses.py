"""Who a notice goes to: duties become people, people become addresses, at the moment of sending.

An address has an id, `ana/page` or `channel:floor`, which may be told, and a URL, which is a
secret: only here are the variables in it given their values, and only notifiers see it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from alerting.core.routes import Routing
from alerting.core.shapes import Event, Severity
from alerting.core.telling import TOLD, Notice
from alerting.expanding import expanded, unset
from alerting.rota import Rota
from alerting.store.shapes import Told
from streams.core import names
from streams.core.roster import Person, Roster
from streams.settings import Address

CHANNEL: Final = "channel:"
DUTY: Final = "duty:"
PERSON: Final = "person:"
SUPERVISOR: Final = "supervisor"
PAGE, MAIL = "page", "mail"
Items = tuple[Event, ...]


class Found(msgspec.Struct, frozen=True):
    """Who a notice goes to."""

    reached: Mapping[str, Items]
    """Id of an address → what it hears of; nothing of an announcement."""
    missing: tuple[str, ...]
    """Who was meant and cannot be reached: `duty:floor`, `ana/page`, `supervisor`."""


class Addresses:
    """Everybody's addresses.

    Args:
        routing: Channels, duties and the fallback of the rule files.
        rotas: Duty → who holds it when; goes before `routing.duties`, which stands in where nobody
            is on call.
        roster: People.
        targets: Where they are told, by `targets_ref` or the person's id.
        environ: The variables of addresses.
    """

    def __init__(
        self,
        routing: Routing,
        rotas: Mapping[str, Rota],
        roster: Roster,
        targets: Mapping[str, Address],
        environ: Mapping[str, str],
    ) -> None:
        self._routing, self._rotas, self._roster = routing, rotas, roster
        self._targets, self._environ = targets, environ

    @property
    def fallback(self) -> str | None:
        """The id of the address that is told when others cannot be."""
        return self._routing.fallback

    # -- who

    def find(self, notice: Notice, told: Mapping[str, Mapping[str, Told]], clock_ms: int) -> Found:
        """Returns who a notice goes to.

        Args:
            notice: What is told.
            told: Episode → address → what was told there last, of its items.
            clock_ms: Now: who is on call now is told.
        """
        reached: dict[str, dict[str, Event]] = {}
        missing: list[str] = []
        for to in notice.to:
            for address, items in self._meant(to, notice, told, clock_ms):
                if address.startswith(CHANNEL) or self._written(address):
                    own = reached.setdefault(address, {})
                    own.update((item.episode, item) for item in items)
                else:
                    missing.append(address)
        return Found(
            {address: _in_order(notice, own) for address, own in reached.items()},
            tuple(dict.fromkeys(missing)),
        )

    def _meant(
        self, to: str, notice: Notice, told: Mapping[str, Mapping[str, Told]], clock_ms: int
    ) -> Iterator[tuple[str, Items]]:
        """Yields ids of addresses, or names of whom there is none, and what each hears of."""
        who, _, via = to.partition("/")
        via = via or (PAGE if _critical(notice) else MAIL)
        if to == TOLD:
            yield from _told(notice, told)
        elif to.startswith(CHANNEL):
            yield to, notice.items
        elif who == SUPERVISOR:
            for item in notice.items:
                people = self.supervisors(item.key.segment, clock_ms)
                yield from _reached(people, via, who, (item,))
        elif who.startswith(PERSON):
            yield f"{who.removeprefix(PERSON)}/{via}", notice.items
        else:
            people = self.on_duty(who.removeprefix(DUTY), clock_ms)
            yield from _reached(people, via, who, notice.items)

    def on_duty(self, duty: str, clock_ms: int) -> tuple[str, ...]:
        """Returns who holds a duty, as ids of people."""
        rota = self._rotas.get(duty)
        on_call = rota.on_call(clock_ms) if rota else ()
        return on_call or self._routing.duties.get(duty, ())

    def supervisors(self, segment: str, clock_ms: int) -> tuple[str, ...]:
        """Returns who supervises the team of a segment, or of its agent; nobody himself."""
        agent = names.value_of(segment, "agent")
        team = names.value_of(segment, "team")
        if team is None and agent is not None:
            team = self._roster.place(agent, clock_ms)[0]
        if team is None:
            return ()
        return tuple(
            person.id
            for person in self._roster.people.values()
            if SUPERVISOR in person.roles
            and team in (person.team, *person.teams)
            and (agent is None or person.agent_id != agent)
        )

    def ever(self, who: str) -> tuple[str, ...]:
        """Returns everybody who may be meant at some time, as ids of people; of a room nobody."""
        if who == SUPERVISOR:
            roster = self._roster.people.values()
            return tuple(person.id for person in roster if SUPERVISOR in person.roles)
        if who.startswith(PERSON):
            return (who.removeprefix(PERSON),)
        duty = who.removeprefix(DUTY)
        rota = self._rotas.get(duty)
        on_call = sorted(rota.people) if rota else []
        return tuple(dict.fromkeys((*on_call, *self._routing.duties.get(duty, ()))))

    def kind(self, name: str) -> str | None:
        """Returns what a name without a prefix stands for: `person:` or `duty:`."""
        if name in self._roster.people:
            return PERSON
        return DUTY if name in self._rotas or name in self._routing.duties else None

    # -- where

    def there(self, person: str, via: str) -> bool:
        """Returns whether somebody has an address, be its variables set or not."""
        return self._written(f"{person}/{via}") is not None

    def ids(self) -> list[str]:
        """Returns the ids of all addresses that there are."""
        people = [
            f"{person.id}/{via}"
            for person in self._roster.people.values()
            for via in (PAGE, MAIL)
            if self._written(f"{person.id}/{via}")
        ]
        return [CHANNEL + name for name in self._routing.channels] + people

    def url(self, address: str) -> str | None:
        """Returns where an address is, a secret; `None` = nowhere, or a variable is not set."""
        written = self._written(address)
        return None if written is None else expanded(written, self._environ)

    def complaints(self, complaint: Callable[[str], str], *, unset_too: bool = True) -> list[str]:
        """Returns everything that is wrong with addresses, a sentence each, nothing secret.

        Args:
            complaint: Says what is wrong with a URL; "" = nothing.
            unset_too: Whether a variable that is not set is wrong: elsewhere it may be.
        """
        found = []
        for address in self.ids():
            written = self._written(address) or ""
            missing = unset(written, self._environ)
            if unset_too:
                found += [f"{address}: ${{{name}}}: no such variable" for name in missing]
            url = self.url(address)
            if url is not None and (says := complaint(url)):
                found.append(f"{address}: {says}")
        return found

    def _written(self, address: str) -> str | None:
        """Returns an address as it stands in a file."""
        if address.startswith(CHANNEL):
            return self._routing.channels.get(address.removeprefix(CHANNEL))
        id_, _, via = address.rpartition("/")
        person = self._roster.people.get(id_)
        target = self._targets.get(_ref(person)) if person else None
        if target is None:
            return None
        return target.page if via == PAGE else target.mail


def is_page(address: str) -> bool:
    """Returns whether it wakes somebody up."""
    return address.endswith(f"/{PAGE}")


def _told(notice: Notice, told: Mapping[str, Mapping[str, Told]]) -> Iterator[tuple[str, Items]]:
    for item in notice.items:
        for address, known in told.get(item.episode, {}).items():
            if known.kind == "fire":
                yield address, (item,)


def _reached(
    people: Iterable[str], via: str, who: str, items: Items
) -> Iterator[tuple[str, Items]]:
    """Yields the addresses of people, or who they would be."""
    addresses = [f"{person}/{via}" for person in people]
    for address in addresses or [who]:
        yield address, items


def _ref(person: Person) -> str:
    return person.targets_ref or person.id


def _critical(notice: Notice) -> bool:
    return any(item.severity is Severity.CRITICAL for item in notice.items)


def _in_order(notice: Notice, own: Mapping[str, Event]) -> Items:
    """Returns some of a notice's items, as they stand there."""
    wanted: Iterable[Event] = notice.items
    return tuple(item for item in wanted if item.episode in own)
