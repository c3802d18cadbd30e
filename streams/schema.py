"""JSON Schemas of what others write for us: events and `pouls.toml`."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streams.core.events import UNION
from streams.settings.file import File

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
SUBJECTS: Final[Mapping[str, tuple[str, Any]]] = {
    "events": ("An event: CloudEvents 1.0 in JSON; unknown fields are ignored", UNION),
    "config": ("pouls.toml", File),
}


def schema(subject: str) -> dict[str, Any]:
    """Returns the schema of one of `SUBJECTS`."""
    title, kind = SUBJECTS[subject]
    return {"$schema": DRAFT, "title": title, **msgspec.json.schema(kind)}
