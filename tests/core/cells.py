"""Cells that tests write down by measure, and random ones that could be those of a real queue."""

from collections.abc import Iterable

from hypothesis import strategies as st

from streams.core.tally import HANDLE, SHIFT, WAIT, Cell, histogram_index


def cell(waits_ms: Iterable[int] = (), handles_ms: Iterable[int] = (), /, **measures: int) -> Cell:
    """Returns a cell: measures by name, and durations for the histograms."""
    hist: dict[int, int] = {}
    for family, durations in ((WAIT, waits_ms), (HANDLE, handles_ms)):
        for ms in durations:
            key = family | histogram_index(ms)
            hist[key] = hist.get(key, 0) + 1
    return Cell(sum(value << SHIFT[name] for name, value in measures.items()), hist)


@st.composite
def consistent(draw: st.DrawFn, most: int = 5) -> Cell:
    """Draws a cell whose counts can be those of real contacts: parts never exceed their wholes."""
    few = st.integers(0, most)
    waits = draw(st.lists(st.integers(0, 400_000), max_size=most))
    handles = draw(st.lists(st.integers(0, 4_000_000), max_size=most))
    abandoned, flowed_out = draw(few), draw(few)
    within, missed = draw(st.integers(0, abandoned)), draw(few)
    return cell(
        waits,
        handles,
        offered=draw(few),
        answered=len(waits),
        answered_within=draw(st.integers(0, len(waits))),
        wait_ms=sum(waits),
        handled=len(handles),
        talk_ms=sum(handles),
        abandoned=abandoned,
        wait_abandoned_ms=abandoned * draw(st.integers(0, 100_000)),
        abandoned_within=within,
        short_abandoned=draw(st.integers(0, within)),
        transferred=draw(few),
        flowed_out=flowed_out,
        callback_within=draw(st.integers(0, flowed_out)),
        missed=missed,
        rings_left=draw(st.integers(0, missed)),
        answered_by_nobody=draw(st.integers(0, len(waits))),
        handled_by_nobody=draw(st.integers(0, len(handles))),
    )
