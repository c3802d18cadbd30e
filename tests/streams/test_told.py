"""Who would be told, on the demo's screen."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml

from alerting.core.rules import RuleFile, routing
from alerting.core.shapes import Key, Severity
from streams.told import RULES, WHO, Told, line


def test_what_comes_is_printed_with_who_is_meant() -> None:
    """Nothing else is: neither what comes to nobody, nor the address."""
    said: list[str] = []
    told = Told(said.append)
    try:
        for name, url in told.environ.items():
            parts = urlsplit(url.removeprefix("webhook+"))
            assert (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
            assert len(parse_qs(parts.query)["secret"][0]) >= 16
            assert f"${{{name}}}" in RULES
            answer = httpx.post(parts.geturl(), json={"short": f"it burns, {name}"})
            assert answer.status_code == 204
        nobody = parts._replace(path="/nobody").geturl()
        assert httpx.post(nobody, json={"short": "x"}).status_code == 404
    finally:
        told.close()

    assert said == [
        "▶ the supervisor would be told: it burns, POULS_DEMO_SUPERVISOR",
        "▶ the on-call manager would be told: it burns, POULS_DEMO_MANAGER",
    ]


def test_a_warning_wakes_no_manager() -> None:
    """Whoever is on call hears of what is critical, if nobody takes it on."""
    said = routing([RuleFile.model_validate(yaml.safe_load(RULES))])

    def told(severity: Severity) -> list[str]:
        (route,) = said.of(Key("abandonment", "queue:sav"), severity)
        return [to for step in said.steps(route) for to in step["notify"]]

    assert told(Severity.WARNING) == ["channel:supervisor"]
    assert told(Severity.CRITICAL) == ["channel:supervisor", "channel:manager"]


@pytest.mark.parametrize("name", list(WHO))
def test_everybody_behind_a_channel_has_a_name(name: str) -> None:
    """A newcomer reads who it would be."""
    assert line(WHO[name], {"short": "hello"}) == f"▶ {WHO[name]} would be told: hello"
