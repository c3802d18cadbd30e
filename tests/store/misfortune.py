"""What may happen to workers, readers, logs and Redis in a simulation."""

from typing import TYPE_CHECKING

from tests.store.group import SESSION_US

if TYPE_CHECKING:
    from tests.store.simulation import Simulation


def strike(sim: "Simulation") -> None:
    """Let one of these things happen."""
    (act,) = sim.random.choices([act for _, act in ACTS], [weight for weight, _ in ACTS])
    act(sim)


def _until(sim: "Simulation") -> int:
    return sim.backend.now_us + sim.random.choice((300_000, 1_500_000, 4_000_000, 7_000_000))


def _crash(sim: "Simulation") -> None:
    worker = sim.random.choice(sim.workers)
    worker.crash(_until(sim))
    if sim.random.random() < 0.7:  # else it comes back with old settings
        worker.config = sim.configs[-1]


def _freeze(sim: "Simulation") -> None:
    sim.random.choice(sim.workers).frozen_until_us = _until(sim)


def _cut_off_from_kafka(sim: "Simulation") -> None:
    sim.random.choice(sim.workers).cut_until_us = _until(sim)


def _rebalance(sim: "Simulation") -> None:
    within_us = sim.random.choice((100_000, SESSION_US, SESSION_US))
    sim.group.rebalance(sim.backend.now_us, within_us)


def _empty_redis(sim: "Simulation") -> None:
    sim.flush()


def _roll_redis_back(sim: "Simulation") -> None:
    if sim.snapshots:
        sim.restart(sim.random.choice(sim.snapshots)[1])


def _change_settings(sim: "Simulation") -> None:
    since = len(sim.configs) + 1
    sim.configs.append((f"settings {since}", since))
    sim.mults[sim.configs[-1][0]] = since


def _cut_a_log_off(sim: "Simulation") -> None:
    log = sim.logs[sim.random.choice(sorted(sim.logs))]
    log.begin = sim.random.randint(log.begin, log.end)


def _restart_reader(sim: "Simulation") -> None:
    sim.screens[sim.random.randrange(len(sim.screens))] = sim.reader()


ACTS = (
    (3, _crash),
    (4, _freeze),
    (3, _cut_off_from_kafka),
    (3, _rebalance),
    (1, _empty_redis),
    (2, _roll_redis_back),
    (1, _change_settings),
    (1, _cut_a_log_off),
    (2, _restart_reader),
)
"""(weight, what happens)"""
