"""Signed links: who got a message may acknowledge what it was about, without signing in.

A token names one episode and the address that it was sent to, and ends. It is no secret of a
person: whoever holds it can acknowledge that one episode in that person's name, nothing else.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final, Literal

import msgspec

from streams.core.errors import PoulsError

PATH: Final = "/alerts/ack"
VARIABLE: Final = "POULS_SECRET"
"""The variable that says what signs links; without it Redis has a secret of its own."""
LONGEST: Final = 2_000
"""Characters of a token that is looked at."""
_SIGNATURE: Final = 32


class BadLink(PoulsError):
    """A token that opens nothing."""

    def __init__(self, why: Literal["forged", "expired"]) -> None:
        super().__init__(f"the link is {why}")
        self.why = why


class _Claim(msgspec.Struct, frozen=True, array_like=True):
    episode: str
    address: str
    until_ms: int


_decoder: msgspec.json.Decoder[_Claim] = msgspec.json.Decoder(_Claim)


class Links:
    """Makes links and checks them.

    Args:
        url: The public address of the API, `https://pouls.example`.
        secret: What signs; all processes have the same.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url = url.rstrip("/")
        self._key = hashlib.sha256(b"pouls ack link\0" + secret.encode()).digest()

    def ack(self, episode: str, address: str, until_ms: int) -> str:
        """Returns the address at which an episode can be acknowledged.

        Args:
            episode: Which.
            address: Who gets the link, as in deliveries: `ana/page`, `channel:floor`.
            until_ms: When the link ends, by Redis TIME.
        """
        claim = msgspec.json.encode(_Claim(episode, address, until_ms))
        return f"{self._url}{PATH}?t={_text(self._sign(claim) + claim)}"

    def check(self, token: str, clock_ms: int) -> tuple[str, str]:
        """Returns the episode and the address of a token.

        Raises:
            BadLink: it is not of ours, or it has ended.
        """
        raw = _bytes(token)
        signature, claim = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(claim)):
            raise BadLink("forged")
        found = _decoder.decode(claim)
        if clock_ms >= found.until_ms:
            raise BadLink("expired")
        return found.episode, found.address

    def _sign(self, claim: bytes) -> bytes:
        return hmac.digest(self._key, claim, "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(token: str) -> bytes:
    """Returns what a token is made of; each has one spelling only."""
    try:
        raw = base64.b64decode(token[:LONGEST] + "=" * (-len(token) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadLink("forged") from error
    if len(token) > LONGEST or _text(raw) != token:
        raise BadLink("forged")
    return raw
