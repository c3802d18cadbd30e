"""What the store hands out goes through JSON unchanged; how keys are named."""

import msgspec

from alerting.core.shapes import Key
from alerting.store import Delivery
from alerting.store.shapes import field, key, parse_field
from tests.alerting.store.samples import delivery, notice


def test_a_delivery_has_the_same_key_however_often_it_is_read() -> None:
    """Also where the key says something else than notice and address."""
    one = delivery(notice())
    other = msgspec.structs.replace(one, key="k", attempt=3)

    for each in (one, other):
        assert msgspec.json.decode(msgspec.json.encode(each), type=Delivery) == each
    assert one.key == f"{one.notice.id}:ana/page"
    assert other.key == "k"


def test_fields_name_instances() -> None:
    """A segment of several parts, too."""
    one = Key("abandonment", "channel:voice+queue:sav")

    assert parse_field(field(one)) == one
    assert key("out") == "{pouls:alerts}:out"
