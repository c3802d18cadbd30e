"""What an alert says: subject, short form, text and HTML, in the language of who reads it.

Theory of operation. A notice is laid out once, as a headline and rows for each alert (`Page`), from
the words of one language; four templates arrange that page, one for each form. So a new language is
one file in `alerting/language`, and a new form is one template. Templates run in Jinja's sandbox,
and a place that nobody fills is an error, not an empty string.
"""

import importlib.resources
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerting import figures
from alerting.core.observe import FEED
from alerting.core.rules import Rule
from alerting.core.shapes import Event, Facts, Severity
from alerting.core.telling import TOLD, Notice
from alerting.language import WORDS, Words
from streams.core.buckets import Zone
from streams.core.errors import BadName
from streams.core.kpis import find
from streams.core.words import Language

SHORT: Final = 160
"""Characters of a text message."""
MEMORY_LOST: Final = "memory_lost"
"""The note of an alert that may have been told before Redis lost what it held."""
OVER: Final = ("resolve", "close")


_BREAKS: Final = re.compile("[ \\t\\r\\n\\v\\f\\x1c-\\x1e\\x85\u2028\u2029]+")
"""Not the spaces before a percent sign, where no line may end."""


class Message(msgspec.Struct, frozen=True):
    """One notice in one language."""

    subject: str
    short: str
    """At most `SHORT` characters."""
    text: str
    html: str


class Row(msgspec.Struct, frozen=True):
    """One line about an alert."""

    name: str
    text: str
    url: str = ""
    """Where it leads."""
    brief: str = ""
    """In a text message; empty = it is left out there."""


class Block(msgspec.Struct, frozen=True):
    """One alert."""

    headline: str
    severity: str
    """`warning`, `critical`, or `over`: its colour."""
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """What all forms of one message are made of."""

    language: Language
    subject: str
    lead: tuple[str, ...]
    blocks: tuple[Block, ...]
    colon: str
    footer: str


def no_link(_: str) -> str | None:
    """Stands for links where there are none."""
    return None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What messages are made with, besides the notice."""

    rules: Mapping[str, Rule]
    zone: Zone
    now_ms: int
    """Redis TIME."""
    link: Callable[[str], str | None] = no_link
    """Returns the address at which an episode is taken on by whom this is for."""
    name: Callable[[str], str] = str
    """Returns what a person's id is shown as."""
    currency: str = ""


def render(notice: Notice, items: Sequence[Event], language: Language, context: Context) -> Message:
    """Returns a message.

    Args:
        notice: What is told.
        items: Of its alerts those that this one is to hear of; none of an announcement.
        language: In which.
        context: What else is known.
    """
    page = lay_out(notice, items, language, context)
    forms = {name: form.render(page=page) for name, form in _TEMPLATES.items()}
    return Message(forms["subject"], _cut(forms["short"], SHORT), forms["text"], forms["html"])


def lay_out(notice: Notice, items: Sequence[Event], language: Language, context: Context) -> Page:
    """Returns the page that all forms of a message are made of."""
    words = WORDS[language]
    told = _Telling(notice, words, language, context)
    blocks = tuple(told.block(item) for item in items)
    lead = [words.test] if notice.kind == "test" else []
    if notice.text:
        lead.append(notice.text[language])
    subject = blocks[0].headline if blocks else " ".join((words.kinds[notice.kind], *lead))
    if len(blocks) > 1:
        subject += words.more.format(n=len(blocks) - 1)
    return Page(language, _line(subject), tuple(lead), blocks, words.colon, words.footer)


def title(
    rule: Rule | None, name: str, facts: Facts, severity: Severity, language: Language,
    currency: str = "",
) -> str:  # fmt: skip
    """Returns what an alert is called, with what it found put in.

    Args:
        rule: The rule, `None` where it has been deleted meanwhile.
        name: The rule's id.
        facts: Of the alert.
        severity: Of the alert.
        language: In which.
        currency: Of KPIs that are money.
    """
    words = WORDS[language]
    where = figures.segment(words, facts.segment)
    if rule is None:
        return f"{name}: {where}"

    def shown(value: float | None) -> str:
        return figures.figure(words, facts.unit, value, currency)

    filled = getattr(rule.title, language).format_map(
        _Places(
            {
                "segment": where,
                "kpi": _kpi(facts, language),
                "value": shown(facts.value),
                "n": figures.NO_VALUE if facts.n is None else figures.number(words, facts.n, 0),
                "window": figures.window(words, facts.window),
                "threshold": shown(facts.threshold),
                "target": shown(facts.target),
                "rule": name,
                "severity": words.severities[severity].lower(),
                **figures.places(words, facts.segment),
            }
        )
    )
    return _line(filled)


class _Places(dict[str, str]):
    """Places of a title; an old alert cannot fill those that its rule was given since."""

    def __missing__(self, _: str) -> str:
        return figures.NO_VALUE


class _Telling:
    """One notice, laid out in one language."""

    def __init__(self, notice: Notice, words: Words, language: Language, context: Context) -> None:
        self._notice, self._words, self._language = notice, words, language
        self._context = context

    def block(self, event: Event) -> Block:
        """Returns what is told of one alert."""
        over = event.kind in OVER
        rows = (*self._measured(event), *(self._ended(event) if over else self._open(event)))
        remarks = []
        if event.kind == "reopen":
            remarks.append(self._words.reopened)
        if event.note == MEMORY_LOST:
            remarks.append(self._words.memory_lost)
        colour = "over" if over else event.severity.name.lower()
        return Block(self._headline(event), colour, rows, tuple(remarks))

    def _headline(self, event: Event) -> str:
        words = self._words
        severity = words.severities[event.severity]
        before = severity
        if event.kind == "close":
            before = words.closed
        elif event.kind == "resolve":
            before = words.kinds["resolve"]
        elif self._notice.kind in words.kinds:
            before = words.kinds[self._notice.kind].format(severity=severity)
        return f"{before} · {self._title(event)}"

    def _title(self, event: Event) -> str:
        """Returns what an alert is called; what has ended with nobody left has no value to tell."""
        facts = event.facts
        if event.kind in OVER and facts.value is None:
            name = _kpi(facts, self._language)
            return _line(f"{name}, {figures.segment(self._words, facts.segment)}")
        rule, currency = self._rule(event), self._context.currency
        return title(rule, event.key.rule, facts, event.severity, self._language, currency)

    def _measured(self, event: Event) -> list[Row]:
        words, facts = self._words, event.facts
        name = _kpi(facts, self._language)
        rows = []
        if facts.kpi != FEED:
            rows.append(Row(words.segment, figures.segment(words, facts.segment)))
        measured = figures.measured(words, facts, name, self._context.currency)
        long = "; ".join((measured, *self._detail(facts)))
        rows.append(Row(words.measured, long, brief=measured))
        if facts.kpi != FEED:
            rows.append(Row(words.sample, ", ".join(self._sample(facts))))
        return rows

    def _sample(self, facts: Facts) -> list[str]:
        """Returns over which window it is judged, and by how many contacts."""
        words, texts = self._words, [figures.window(self._words, facts.window)]
        if facts.part is not None and facts.whole is not None and _counts(facts):
            texts.append(words.n_of.format(part=facts.part, whole=facts.whole))
        elif facts.n is not None:
            texts.append(words.n.format(n=figures.number(words, facts.n, 0)))
        return texts

    def _detail(self, facts: Facts) -> list[str]:
        """Returns what a condition adds: what was expected, the best that can be, the burn."""
        words, detail = self._words, facts.detail
        texts = []
        if "best" in detail:
            texts.append(words.best.format(best=figures.figure(words, "ratio", detail["best"])))
        elif "expected" in detail:
            expected = figures.number(words, detail["expected"], 1)
            texts.append(words.expected.format(expected=expected))
        if "burn" in detail:
            texts.append(words.burn.format(burn=figures.number(words, detail["burn"], 1)))
        return texts

    def _open(self, event: Event) -> list[Row]:
        """Returns the rows of an alert that lasts."""
        words, context, rule = self._words, self._context, self._rule(event)
        time, span = self._since(event)
        rows = [
            Row(
                words.since,
                words.since_for.format(time=time, span=span),
                brief=words.begun.format(time=time),
            )
        ]
        rows += self._person(event)
        if rule is not None:
            rows.append(Row(words.clears, self._clears(event, rule)))
        formula = _formula(words, event.facts, self._language, context.currency)
        if formula:
            rows.append(Row(words.formula, formula))
        if rule is not None:
            rows.append(Row(words.owner, rule.owner))
            rows.append(Row(words.runbook, rule.runbook, rule.runbook))
        then = self._notice.then
        if then is not None:
            who = ", ".join(self._who(to) for to in then.to)
            at = figures.clock(context.zone, then.at_ms)
            rows.append(Row(words.next, words.then.format(who=who, time=at)))
        link = context.link(event.episode)
        if link is not None and self._notice.kind != "ack":
            rows.append(Row(words.acknowledge, link, link))
        return rows

    def _ended(self, event: Event) -> list[Row]:
        words = self._words
        rows = [Row(words.ended, words.reasons.get(event.reason, event.reason))]
        start = started_ms(event)
        if start is not None:
            rows.insert(0, Row(words.lasted, figures.span(words, (event.at_ms - start) / 1000)))
        return rows

    def _person(self, event: Event) -> list[Row]:
        """Returns who did something, and what they said."""
        if not event.by:
            return []
        rows = [Row(self._words.by, self._context.name(event.by))]
        return [*rows, Row(self._words.note, event.note)] if event.note else rows

    def _since(self, event: Event) -> tuple[str, str]:
        """Returns since when it has lasted, by the clock on the wall, and for how long."""
        start = started_ms(event)
        begun = event.clock_ms if start is None else event.clock_ms - (event.at_ms - start)
        lasted = figures.span(self._words, max(0, self._context.now_ms - begun) / 1000)
        return figures.clock(self._context.zone, begun), lasted

    def _clears(self, event: Event, rule: Rule) -> str:
        words, facts = self._words, event.facts
        hold = figures.span(words, (event.hold_ms or rule.keep_firing_for) / 1000)
        if facts.clear is None:
            return words.clears_after.format(span=hold)
        above = facts.threshold is not None and facts.clear > facts.threshold
        clear = figures.figure(words, facts.unit, facts.clear, self._context.currency)
        return (words.clears_above if above else words.clears_below).format(clear=clear, span=hold)

    def _who(self, to: str) -> str:
        """Returns `duty:floor/page` in words."""
        kind, _, rest = to.partition(":")
        name = rest.partition("/")[0]
        match kind:
            case "duty":
                return self._words.duty.format(name=name)
            case "person":
                return self._context.name(name)
            case "channel":
                return name
            case _:
                return to if to == TOLD else self._words.supervisor

    def _rule(self, event: Event) -> Rule | None:
        return self._context.rules.get(event.key.rule)


def started_ms(event: Event) -> int | None:
    """Returns the Board time at which an event's episode began, `None` where it does not say."""
    start = event.episode.rpartition("|")[2]
    return int(start) if start.isdecimal() else None


def kpi_name(kpi: str, language: Language, topic: str | None = None) -> str:
    """Returns what is measured, in words; `topic`: of the feed that is dead."""
    words = WORDS[language]
    if kpi == FEED:
        return words.feed_of.format(topic=topic) if topic else words.feed
    try:
        return str(getattr(find(kpi).name, language))
    except BadName:  # a KPI of an older release
        return kpi


def _kpi(facts: Facts, language: Language) -> str:
    return kpi_name(facts.kpi, language, facts.detail.get("topic"))


def _counts(facts: Facts) -> bool:
    """Whether part and whole are contacts: of agents' time they are ms."""
    try:
        return find(facts.kpi).part_unit == "contacts"
    except BadName:
        return False


def _formula(words: Words, facts: Facts, language: Language, currency: str) -> str:
    """Returns a formula with today's numbers put in; empty where none is known."""
    try:
        kpi = find(facts.kpi)
        said = getattr(kpi.formula(facts.formula), language)
    except (BadName, KeyError):
        return ""

    def part(value: int | None) -> str:
        if value is None:
            return figures.NO_VALUE
        ms = kpi.part_unit == "ms"
        return figures.span(words, value / 1000) if ms else figures.number(words, value, 0)

    return str(
        said.format(
            value=figures.figure(words, facts.unit, facts.value, currency),
            n=part(facts.n) if kpi.part_unit != "ms" else facts.n,
            part=part(facts.part),
            whole=part(facts.whole),
        )
    )


def _line(text: str) -> str:
    """Returns a text on one line: a subject with a line break would be another header."""
    return " ".join(filter(None, _BREAKS.split(text)))


def _cut(text: str, most: int) -> str:
    text = _line(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _template(name: str, *, escaped: bool = False) -> Template:
    environment = ImmutableSandboxedEnvironment(
        autoescape=escaped, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = importlib.resources.files("alerting") / "templates" / f"{name}.j2"
    return environment.from_string(source.read_text("utf-8"))


_TEMPLATES: Final = {
    "subject": _template("subject.txt"),
    "short": _template("short.txt"),
    "text": _template("text.txt"),
    "html": _template("message.html", escaped=True),
}
