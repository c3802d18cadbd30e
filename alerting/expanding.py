"""Variables in addresses: `${NAME}` → what the environment has. Addresses are secrets, so late."""

import re
from collections.abc import Mapping
from typing import Final

_VARIABLE: Final = re.compile(r"\$\{(\w*)\}")


def unset(text: str, environ: Mapping[str, str]) -> list[str]:
    """Returns the variables that a text names and the environment does not have."""
    return [name for name in _VARIABLE.findall(text) if name not in environ]


def expanded(text: str, environ: Mapping[str, str]) -> str | None:
    """Returns a text with its variables replaced; `None` = one of them is not set."""
    if unset(text, environ):
        return None
    return _VARIABLE.sub(lambda found: environ[found[1]], text)
