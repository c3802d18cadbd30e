"""Random misfortune breaks no invariant, and would break them without the guards.

`POULS_SIM_RUNS` = how many seeds are run on the model (a hundredth of them on a real server, too).
"""

import os

import pytest

from tests.store import mistakes
from tests.store.model import Model
from tests.store.real import Real
from tests.store.simulation import Parts, Simulation
from tests.store.watch import Violation

RUNS = int(os.environ.get("POULS_SIM_RUNS", "12"))
CHAOS = (1.0, 1.0, 2.0, 0.5, 4.0)
PLANTED = {
    "sends newer content under the version in flight": (
        Parts(mistakes.OffersNewer, mistakes.ClearsAtReply),
        0,
    ),
    "forgets what is in flight before the reply": (Parts(mistakes.OffersNewer), 0),
    "acknowledges before the commit": (Parts(mistakes.AcknowledgesFolded), 0),
    "ignores refused beats": (Parts(mistakes.IgnoresRefusedBeats), 4),
    "ignores the version in the reply to a beat": (Parts(mistakes.IgnoresBeatVersions), 7),
    "compares beats with what is acknowledged later": (Parts(mistakes.ComparesBeatsLate), 0),
    "wants beats to return its very version": (Parts(mistakes.WantsExactVersions), 0),
    "claims again without asking the group": (Parts(mistakes.ClaimsAtOnce), 23),
    "takes any reply for the one to the commit in flight": (Parts(mistakes.TakesAnyReply), 3),
    "forgets what was lost": (Parts(mistakes.ForgetsGap), 2),
    "reader ignores the epoch": (Parts(follower=mistakes.IgnoresEpochs), 0),
    "reader ignores gaps": (Parts(follower=mistakes.IgnoresGaps), 0),
    "reader applies commits again": (Parts(follower=mistakes.TakesOldCommits), 0),
    "reader believes any beat": (Parts(follower=mistakes.TakesAnyBeat), 1),
    "reader forgets rebuilding": (Parts(follower=mistakes.ForgetsRebuilding), 1),
    "reader stays without key": (Parts(follower=mistakes.StaysWithoutKey), 12),
}
"""Mistake → where it is planted, and the seed from which on it is looked for."""


def _simulation(seed: int, backend: Model | Real, parts: Parts | None = None) -> Simulation:
    return Simulation(seed, backend, parts, chaos=CHAOS[seed % len(CHAOS)])


@pytest.mark.parametrize("seed", range(RUNS))
def test_no_interleaving_breaks_an_invariant(seed: int) -> None:
    """Crashes, freezes, lost replies, rebalances, lost data, truncation, other settings."""
    _simulation(seed, Model()).run()


@pytest.mark.parametrize("seed", range(max(1, RUNS // 100)))
def test_the_scripts_do_what_the_model_does(seed: int, port: int) -> None:
    """The same run gives the same answers, messages and contents on a real server."""
    backend = Real(port)
    real, model = _simulation(seed, backend), _simulation(seed, Model())

    real.run()
    backend.close()
    model.run()

    assert real.trace == model.trace
    assert len(model.trace) > 300


@pytest.mark.parametrize(("parts", "first"), PLANTED.values(), ids=PLANTED)
def test_a_planted_mistake_is_caught(parts: Parts, first: int) -> None:
    """Among some seeds there is one that shows it."""

    def runs() -> None:
        for seed in range(first, first + 40):
            _simulation(seed, Model(), parts).run()

    with pytest.raises(Violation):
        runs()
