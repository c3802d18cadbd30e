"""Who defines several of these KPIs."""

from typing import Final

AMAZON_PLAN: Final = "Amazon Connect: schedule adherence"
