"""What every test shares: the Hypothesis profiles, and an order.

`dev` is the default: few and new examples, so that work goes on quickly and yet something new is
tried each time. `ci` is what `make check` runs: the same examples every time. `nightly` is for
`make full`. Choose with `--hypothesis-profile NAME`.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

BROWSER = Path(__file__).parent / "browser"

QUIET = [HealthCheck.too_slow]
"""Machines are shared and noisy: slowness says nothing about a test here."""

settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=QUIET)
settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True, suppress_health_check=QUIET
)
settings.register_profile("nightly", max_examples=5000, deadline=None, suppress_health_check=QUIET)
settings.load_profile("dev")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's tests last: while a browser is open, Playwright keeps a loop running."""
    items.sort(key=lambda item: item.path.is_relative_to(BROWSER))
