"""Signed links."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.links import BadLink, Links

LINKS = Links("https://pouls.example/", "secret")
TEXT = st.text(max_size=50)


def token(links: Links = LINKS, episode: str = "r|queue:a|1", address: str = "ana/page") -> str:
    """Returns the token of a link that ends at 1000."""
    return links.ack(episode, address, 1000).partition("?t=")[2]


def test_a_link_leads_to_us() -> None:
    """And its token needs no escaping."""
    link = LINKS.ack("r|queue:a|1", "ana/page", 1000)

    assert link.startswith("https://pouls.example/alerts/ack?t=")
    assert all(c.isascii() and (c.isalnum() or c in "-_") for c in token())


@given(episode=TEXT, address=TEXT, until_ms=st.integers(1, 2**60))
def test_a_token_opens_what_it_was_made_for(episode: str, address: str, until_ms: int) -> None:
    """Whatever names there are."""
    made = LINKS.ack(episode, address, until_ms).partition("?t=")[2]

    assert LINKS.check(made, until_ms - 1) == (episode, address)
    with pytest.raises(BadLink) as caught:
        LINKS.check(made, until_ms)
    assert caught.value.why == "expired"


@given(place=st.integers(0, 200), char=st.sampled_from("ABab01-_=+/ é\n"))
def test_a_token_that_was_touched_opens_nothing(place: int, char: str) -> None:
    """Any character of it, including idle bits and padding."""
    whole = token()
    touched = whole[:place] + char + whole[place + 1 :]
    if touched != whole:
        with pytest.raises(BadLink) as caught:
            LINKS.check(touched, 0)
        assert caught.value.why == "forged"


@pytest.mark.parametrize(
    "text", ["", "a", "abc", "=" * 9, "A" * 5_000, base64.b64encode(b"x" * 40).decode()]
)
def test_what_is_no_token_opens_nothing(text: str) -> None:
    """Nor does it hurt."""
    with pytest.raises(BadLink):
        LINKS.check(text, 0)


def test_another_secret_signs_otherwise() -> None:
    """So a link of elsewhere opens nothing here."""
    other = Links("https://pouls.example", "another")

    with pytest.raises(BadLink):
        LINKS.check(token(other), 0)
    assert token() == token(Links("https://elsewhere.example", "secret"))
