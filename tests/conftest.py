"""What every test shares: the Hypothesis profiles.

`dev` is the default: few and new examples, so that work goes on quickly and yet something new is
tried each time. `ci` is what `make check` runs: the same examples every time. `nightly` is for
`make full`. Choose with `--hypothesis-profile NAME`.
"""

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow]
"""Machines are shared and noisy: slowness says nothing about a test here."""

settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=QUIET)
settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True, suppress_health_check=QUIET
)
settings.register_profile("nightly", max_examples=5000, deadline=None, suppress_health_check=QUIET)
settings.load_profile("dev")
