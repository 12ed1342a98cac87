"""Calls with a callback as iterators: order, what they raise, and that they end when nobody asks for more."""

from __future__ import annotations

import threading

import pytest

from mfbench_peers.blocks.stepwise import stepwise


def test_items_come_in_turn_and_the_call_waits_for_whoever_looks():
    seen = []

    def call(give):
        for number in range(4):
            seen.append(number)
            give(number)

    steps = stepwise(call)
    assert next(steps) == 0
    assert seen == [0]
    assert list(steps) == [1, 2, 3]
    assert seen == [0, 1, 2, 3]


def test_what_the_call_raises_comes_where_the_next_item_was_asked_for():
    def call(give):
        give("one")
        raise ArithmeticError("the second step")

    steps = stepwise(call)
    assert next(steps) == "one"
    with pytest.raises(ArithmeticError, match="the second step"):
        next(steps)


def test_an_iterator_that_is_dropped_ends_the_call():
    before, ended = threading.active_count(), []

    def call(give):
        try:
            for number in range(1000):
                give(number)
        finally:
            ended.append(True)

    steps = stepwise(call)
    next(steps)
    steps.close()
    assert ended == [True]
    assert threading.active_count() == before
