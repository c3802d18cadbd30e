"""Amounts and durations as people write them."""

import pytest

from alerting.core.literals import Amount, parse_amount, parse_ms, parse_share


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("30s", 30_000),
        ("2m", 120_000),
        ("1h30m", 5_400_000),
        ("1.5h", 5_400_000),
        ("3d", 259_200_000),
        ("250ms", 250),
        ("0s", 0),
    ],
)
def test_a_duration_is_a_number_with_units(text: str, ms: int) -> None:
    """Several units add up."""
    assert parse_ms(text) == ms


@pytest.mark.parametrize("wrong", ["", "30", "2 m", "-2m", "2w", 60, None, "m2", "٣s"])
def test_what_is_no_duration_is_refused(wrong: object) -> None:
    """A bare number has no unit, so it is none."""
    with pytest.raises(ValueError, match="is no duration such as 30s"):
        parse_ms(wrong)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("8%", Amount(0.08, "ratio")),
        ("+50%", Amount(0.5, "ratio")),
        ("-15 %", Amount(-0.15, "ratio")),
        ("120s", Amount(120.0, "seconds")),
        ("1h30m", Amount(5400.0, "seconds")),
        (25, Amount(25.0, "number")),
        (0.5, Amount(0.5, "number")),
    ],
)
def test_an_amount_knows_what_it_is_an_amount_of(written: object, amount: Amount) -> None:
    """Percentages, durations and numbers are told apart."""
    found = parse_amount(written)

    assert found.of == amount.of
    assert found.value == pytest.approx(amount.value)


@pytest.mark.parametrize("wrong", ["25", "8 percent", True, None, [8]])
def test_what_is_no_amount_is_refused(wrong: object) -> None:
    """Text is no number, and neither is true."""
    with pytest.raises(ValueError, match="is no amount such as 8%"):
        parse_amount(wrong)


def test_a_share_lies_between_none_and_all() -> None:
    """An objective of 100 % has no budget."""
    assert parse_share("80%") == pytest.approx(0.8)
    assert parse_share(0.8) == 0.8
    for wrong in ("0%", "100%", "120%", "8s", 1):
        with pytest.raises(ValueError, match="between 0% and 100%"):
            parse_share(wrong)
