"""Foreign hosts and origins."""

import pytest

from api.guard import host_allowed, hostname, origin_allowed, own_hosts


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:8080", "localhost"),
        ("Pouls.Example", "pouls.example"),
        ("[::1]:8080", "[::1]"),
        ("[::1]", "[::1]"),
        ("127.0.0.1", "127.0.0.1"),
        ("", ""),
        ("evil.example:80:80", "evil.example:80:80"),
    ],
)
def test_a_host_header_is_read_with_and_without_port(host: str, name: str) -> None:
    """The port is no part of the name; nonsense stays nonsense."""
    assert name == hostname(host)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "wall.lan:8080", "WALL.lan", "10.1.2.3:8080", "[::1]:8080"]
)
def test_our_names_and_any_address_are_hosts_of_ours(host: str) -> None:
    """A rebinding attack needs a name of its own: an address in the header cannot be one."""
    assert host_allowed(host, own_hosts("127.0.0.1:8080", ["wall.lan"]))


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "evil.example:8080", "127.0.0.1.evil.example"],
)
def test_any_other_name_is_foreign(host: str) -> None:
    """Also one that begins like ours."""
    assert not host_allowed(host, own_hosts("127.0.0.1:8080", ["wall.lan"]))


@pytest.mark.parametrize(
    "origin", [None, "http://localhost:8080", "HTTP://LOCALHOST:8080", "https://wall.example"]
)
def test_our_own_origin_a_configured_one_and_none_at_all_may_open_a_socket(
    origin: str | None,
) -> None:
    """No origin = a program, which could send any."""
    assert origin_allowed(origin, "ws", "localhost:8080", ["https://wall.example"])


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://localhost",
        "http://localhost:8081",
        "https://localhost:8080",
        "http://evil.example:8080",
        "http://localhost:8080.evil.example",
    ],
)
def test_an_origin_must_be_ours_exactly(origin: str) -> None:
    """Scheme, name and port."""
    assert not origin_allowed(origin, "ws", "localhost:8080", ["https://wall.example"])


def test_behind_tls_our_origin_is_https() -> None:
    """The scheme of the socket decides."""
    assert origin_allowed("https://localhost:8080", "wss", "localhost:8080")
