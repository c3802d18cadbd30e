"""What people do to an investigation: in which order, and what each step needs."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from alerting.core.investigations.shapes import (
    IN_WORK,
    Action,
    Doing,
    Entry,
    Investigation,
    Status,
    Step,
    noted,
)
from alerting.core.machine import ActRefused

Changed = Mapping[str, object]
_NEXT: Final[Mapping[Doing, tuple[frozenset[Status], Status]]] = {
    "investigate": (frozenset({"open"}), "investigating"),
    "plan": (frozenset({"open", "investigating"}), "plan_agreed"),
    "start": (frozenset({"plan_agreed"}), "in_progress"),
    "verify": (frozenset({"plan_agreed", "in_progress"}), "verifying"),
}
"""Steps that move a record on: from which states, to which."""


def apply(record: Investigation | None, step: Step, by: str, clock_ms: int) -> Investigation:
    """Returns a record after a step.

    Args:
        record: The record, `None` where there is none of that id.
        step: What is done.
        by: Id of the person who does it.
        clock_ms: Redis TIME.

    Raises:
        ActRefused: the step needs something that is not there; the text says what.
    """
    if record is None or record.status == "counting":
        raise ActRefused("there is no such investigation")
    if record.status == "closed" and step.do != "note":
        raise ActRefused("it is closed: another alert opens another one")
    assert record.status in IN_WORK or step.do == "note"
    changes = _STEPS[step.do](record, step, clock_ms)
    said = step.text if step.do in {"note", "cause", "action"} else ""
    return noted(record, Entry(at_ms=clock_ms, what=step.do, by=by, note=said), **changes)


def _assign(_: Investigation, step: Step, __: int) -> Changed:
    if not step.owner:
        raise ActRefused("owner: to whom?")
    return {"owner": step.owner}


def _cause(_: Investigation, step: Step, __: int) -> Changed:
    if not step.text.strip():
        raise ActRefused("text: what was the cause?")
    return {"cause": step.text, "category": step.category}


def _action(record: Investigation, step: Step, clock_ms: int) -> Changed:
    if not step.text.strip():
        raise ActRefused("text: what is to be done?")
    if not step.who:
        raise ActRefused("who: by whom?")
    if step.by_ms is None or step.by_ms <= clock_ms:
        raise ActRefused("by_ms: it is due later than now")
    number = 1 + max((action.id for action in record.actions), default=0)
    action = Action(id=number, what=step.text, who=step.who, by_ms=step.by_ms)
    return {"actions": (*record.actions, action)}


def _done(record: Investigation, step: Step, clock_ms: int) -> Changed:
    found = {action.id: action for action in record.actions}
    if step.action not in found:
        raise ActRefused(f"action {step.action}: there are {sorted(found) or 'none'}")
    if found[step.action].done_ms is not None:
        raise ActRefused(f"action {step.action} is done already")
    found[step.action] = msgspec.structs.replace(found[step.action], done_ms=clock_ms)
    return {"actions": tuple(found.values())}


def _move(record: Investigation, step: Step, _: int) -> Changed:
    before, after = _NEXT[step.do]
    if record.status not in before:
        raise ActRefused(f"it is {record.status}: {step.do} follows {' or '.join(sorted(before))}")
    if step.do == "plan" and not record.cause:
        raise ActRefused("a plan without a cause: say what it was first")
    if step.do == "plan" and not record.actions:
        raise ActRefused("a plan without an action: say who does what until when first")
    if step.do == "verify":
        left = [action.id for action in record.actions if action.done_ms is None]
        if left:
            raise ActRefused(f"actions {left} are not done yet")
    return {"status": after, "effect": None}


def _close(record: Investigation, step: Step, clock_ms: int) -> Changed:
    if not step.result:
        raise ActRefused("result: effective, not_effective or no_action")
    if not step.text.strip():
        raise ActRefused("text: why is it closed?")
    if step.result == "effective" and record.status != "verifying":
        raise ActRefused("whether it is effective is measured first: verify")
    return {"status": "closed", "result": step.result, "closed_ms": clock_ms}


def _note(_: Investigation, step: Step, __: int) -> Changed:
    if not step.text.strip():
        raise ActRefused("text: a note has no words")
    return {}


_STEPS: Final[Mapping[Doing, Callable[[Investigation, Step, int], Changed]]] = {
    "assign": _assign,
    "cause": _cause,
    "action": _action,
    "done": _done,
    "investigate": _move,
    "plan": _move,
    "start": _move,
    "verify": _move,
    "close": _close,
    "note": _note,
}
