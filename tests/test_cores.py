"""Cutting work into pieces; what processes make of it is in tests/build/test_many_cores.py."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from feedmaker.cores import pieces_of


def _are_alike(one: int, other: int) -> bool:
    return one == other


@given(st.lists(st.integers(0, 2), max_size=30), st.lists(st.integers(1, 400), max_size=30))
def test_pieces_hold_everything_in_order_and_little_that_belongs_together_is_parted(
    values: list[int], times: list[int]
) -> None:
    """Put together, the pieces are the list; none is empty, small or long without need."""
    items = [value for value, number in zip(values, times, strict=False) for _ in range(number)]

    pieces = pieces_of(items, _are_alike)

    assert [item for piece in pieces for item in piece] == items
    assert all(50 <= len(piece) <= 200 for piece in pieces[:-1])
    assert all(piece for piece in pieces)
    for piece, following in pairwise(pieces):
        assert piece[-1] != following[0] or len(piece) == 200


def test_a_million_pieces_are_never_needed() -> None:
    """The numbers of all pieces fit into a pipe, however much there is to do."""
    assert len(pieces_of(range(1_000_000))) <= 2000
