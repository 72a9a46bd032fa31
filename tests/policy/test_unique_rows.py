"""Distinct rows keep the number that they got first, whatever comes later and however it grows."""

from typing import Any

import numpy as np
import pytest

from accesscontrol.policy.columns.unique_rows import UniqueRows, fresh_rows


@pytest.mark.parametrize("width", [0, 1, 3, 22])
@pytest.mark.parametrize("most", [1, 2, 7, 1 << 30])
def test_equal_rows_have_one_number_and_different_rows_two(width: int, most: int) -> None:
    draw = np.random.default_rng([width, most])
    distinct, met = UniqueRows(width), dict[tuple[Any, ...], int]()
    for call, order in enumerate("FCFC"):
        highest = most if call else max(most // 5, 1)  # the numbers grow after the first call
        rows = np.array(
            draw.integers(0, highest, (20_000 * call // 3, width)), np.int32, order=order
        )
        before = len(distinct)
        numbers = distinct.numbers(rows)
        fresh = fresh_rows(numbers, before, len(distinct))
        assert numbers[fresh].tolist() == list(range(before, len(distinct)))
        for row, number in zip(map(tuple, rows.tolist()), numbers.tolist(), strict=True):
            assert met.setdefault(row, number) == number
        assert len(met) == len(distinct)
        assert (distinct.rows()[numbers] == rows).all()
        assert (distinct.rows(before) == distinct.rows()[before:]).all()


def test_rows_that_differ_in_few_bits_only_are_told_apart() -> None:
    """Two columns, each the highest of its word: the hash must not lose what they say."""
    distinct = UniqueRows(4)
    distinct.numbers(np.full((1, 4), (1 << 30) - 1, np.int32))
    values = np.arange(1 << 14, dtype=np.int32)
    rows = np.zeros((len(values), 4), np.int32)
    rows[:, 1], rows[:, 3] = (values >> 7) << 22, (values & 127) << 22
    assert len(set(distinct.numbers(rows).tolist())) == len(values)
    assert len(distinct) == len(values) + 1
