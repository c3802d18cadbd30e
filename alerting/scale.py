"""Rules in slow motion, or in fast: every duration of rules, chains and groups × one number.

For demonstrations: with `time_scale = 0.1` an alert that is told after two minutes is told after
twelve seconds. Windows stay, for they say what is counted; so do limits in seconds, and what is
about the machine: how often rules are looked at, and how old numbers may be.
"""

from functools import lru_cache
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from alerting.core.literals import Ms
from alerting.core.models import Model
from alerting.core.routes import Routing

M = TypeVar("M", bound=Model)
STAYS: Final = frozenset({"evaluate_every", "stale_after"})


def scaled(model: M, factor: float) -> M:
    """Returns a copy of a rule, a route or a step of a chain with other durations."""
    if factor == 1:
        return model
    changed: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in _durations(type(model)) and value is not None:
            changed[name] = round(value * factor)
        else:
            changed[name] = _within(value, factor)
    return model.model_copy(update=changed)


def scaled_routing(routing: Routing, factor: float) -> Routing:
    """Returns who is told, with other durations."""
    return msgspec.structs.replace(
        routing,
        routes=tuple(scaled(route, factor) for route in routing.routes),
        chains={
            name: tuple(scaled(step, factor) for step in steps)
            for name, steps in routing.chains.items()
        },
    )


def _within(value: object, factor: float) -> object:
    """Returns a value with the models in it scaled."""
    match value:
        case Model():
            return scaled(value, factor)
        case list():
            return [_within(one, factor) for one in value]
        case _:
            return value


@lru_cache
def _durations(model: type[Model]) -> frozenset[str]:
    """Returns the fields of a model that are durations and do not stay."""
    hints = get_type_hints(model, include_extras=True)
    return frozenset(n for n, hint in hints.items() if Ms in (hint, *get_args(hint))) - STAYS
