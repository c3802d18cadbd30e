"""What a language has to say for alerts. A new language is one file beside this one."""

from collections.abc import Mapping

import msgspec

from alerting.core.shapes import Severity
from alerting.core.telling import NoticeKind


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language; texts in braces are places."""

    # -- numbers
    decimal: str
    thousands: str
    percent: str
    """`{}` = the figure."""
    hours: str
    """`{h}` and `{m}`, two digits."""
    minutes: str
    minutes_seconds: str
    """`{m}` and `{s}`, two digits."""
    seconds: str
    days: str
    money: str
    """`{}` = the figure, `{currency}` its code."""
    per_hour: str

    # -- windows and segments
    windows: Mapping[str, str]
    """`live`, `today`, `interval`, ... in words."""
    over: str
    """Over so long: `{span}`."""
    site: str
    dimensions: Mapping[str, str]
    channels: Mapping[str, str]
    feed: str
    """What is measured where nothing comes in any more."""
    feed_of: str
    """Likewise, of one `{topic}`."""

    # -- subjects
    severities: Mapping[Severity, str]
    kinds: Mapping[NoticeKind, str]
    """What goes before the title instead of the severity, for what is no new alert."""
    more: str
    """`{n}` further alerts."""
    closed: str
    """What goes before the title of what ended without having recovered."""
    reasons: Mapping[str, str]
    """Why an alert ended."""

    # -- rows: what stands on the left
    measured: str
    segment: str
    sample: str
    since: str
    lasted: str
    ended: str
    clears: str
    formula: str
    runbook: str
    owner: str
    next: str
    acknowledge: str
    by: str
    note: str

    # -- rows: what stands on the right
    limit_above: str
    """`{limit}`."""
    limit_below: str
    target: str
    """`{target}`."""
    n: str
    """`{n}`."""
    n_of: str
    """`{n}`, `{part}`, `{whole}`."""
    since_for: str
    """`{time}`, `{span}`."""
    clears_below: str
    """`{clear}`, `{span}`."""
    clears_above: str
    clears_after: str
    """`{span}`; where there is no limit."""
    expected: str
    """`{expected}`."""
    best: str
    """`{best}`."""
    burn: str
    """`{burn}`."""
    then: str
    """`{who}`, `{time}`."""
    duty: str
    """`{name}`."""
    supervisor: str
    memory_lost: str
    reopened: str
    test: str
    overdue: str
    """`{kpi}`, `{segment}`, `{what}`."""
    overdue_steps: Mapping[str, str]
    """What is overdue of an investigation; `{n}` = the action."""
    begun: str
    """`{time}`: likewise, in few words."""
    colon: str
    """Between what stands on the left and what stands on the right."""
    footer: str
