"""What is told when a step of an investigation is overdue."""

from alerting.core.investigations import Investigation, Overdue
from alerting.investigating import announcement

RECORD = Investigation(
    id="abandonment_rate|queue:sav|1", rule="abandonment", kpi="abandonment_rate",
    segment="queue:sav", template="service", owner="floor_manager", status="open",
)  # fmt: skip


def test_a_duty_is_told_what_is_missing() -> None:
    """A duty is told what is missing."""
    notice = announcement(Overdue(RECORD, ("plan", "action 2"), 7), frozenset({"ana"}), 5)
    assert notice.to == ("duty:floor_manager/mail",)
    assert notice.id == "abandonment_rate|queue:sav|1|overdue|7"
    assert notice.text == {
        "fr": "Enquête en retard\u00a0: Taux d’abandon, file sav\u00a0: "
        "il n’y a pas de plan, l’action 2 n’est pas faite",
        "en": "Investigation overdue: Abandonment rate, queue sav: "
        "there is no plan, action 2 is not done",
    }


def test_a_person_who_has_it_is_told_in_person() -> None:
    """A person who has it is told in person."""
    mine = announcement(Overdue(RECORD, ("investigate",), 7), frozenset({"floor_manager"}), 5)
    assert mine.to == ("person:floor_manager/mail",)
