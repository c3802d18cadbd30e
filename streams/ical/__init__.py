"""Calendars in iCalendar format (RFC 5545): who reads them says what their VEVENTs are about."""

from streams.ical.series import Occurrence, Series, series_of
from streams.ical.vevents import Item, items, mailed_to, values

__all__ = ["Item", "Occurrence", "Series", "items", "mailed_to", "series_of", "values"]
