"""Alerts as the API takes them in."""

from pathlib import Path

import pytest

from alerting.links import VARIABLE
from alerting.routes import extension
from streams.settings import load_settings
from tests.alerting.web.rig import SIGNS

WHERE = {"POULS_KAFKA": "127.0.0.1:1", "POULS_REDIS": "redis://127.0.0.1:1/0"}


async def test_the_shipped_rules_are_known_unless_others_are_named(tmp_path: Path) -> None:
    """And what signs links, where the environment says so."""
    made = extension(load_settings(WHERE, None), {VARIABLE: SIGNS})

    assert "longest_wait" in made._known.rules
    assert made._known.secret == SIGNS
    assert made.origins == ("http://127.0.0.1:8080",)
    path = tmp_path / "pouls.toml"
    path.write_text('[alerts]\nurl = "https://wall.example:8443/pouls/"\n')
    assert extension(load_settings(WHERE, path), {}).origins == ("https://wall.example:8443",)


async def test_mistaken_rules_do_not_take_the_wall_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They stop those who decide; here they only cost the titles, and that is said."""
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: [{id: x}]\n")
    path = tmp_path / "pouls.toml"
    path.write_text('[alerts]\nrules = ["rules.yaml"]\n')
    made = extension(load_settings(WHERE, path), {})

    assert made._known.rules == {}
    assert made._known.secret is None
    assert "without the titles" in caplog.text
