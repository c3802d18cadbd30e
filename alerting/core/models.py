"""What the models of rule files have in common."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from alerting.core.shapes import Severity

Level = Literal["warning", "critical"]
SEVERITIES: Final[Mapping[Level, Severity]] = {
    "critical": Severity.CRITICAL,
    "warning": Severity.WARNING,
}
"""Worst first."""
LEVELS: Final[Mapping[Severity, Level]] = {severity: name for name, severity in SEVERITIES.items()}
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Of rules, duties, calendars, channels, chains."""
Text = Annotated[str, Field(min_length=1)]


class Model(BaseModel):
    """Strict: an unknown key is a mistake, text is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
