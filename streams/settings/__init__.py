"""Settings: where things are (environment) and what operators decide (`pouls.toml`)."""

from streams.settings.listen import ListenRefused, reached_by_others, refuse_strangers
from streams.settings.load import load_settings
from streams.settings.meaning import unknown_zone
from streams.settings.shapes import (
    PACK,
    Address,
    Alerts,
    Clock,
    Rate,
    Settings,
    SettingsErrors,
    Topic,
)

__all__ = [
    "PACK",
    "Address",
    "Alerts",
    "Clock",
    "ListenRefused",
    "Rate",
    "Settings",
    "SettingsErrors",
    "Topic",
    "load_settings",
    "reached_by_others",
    "refuse_strangers",
    "unknown_zone",
]
