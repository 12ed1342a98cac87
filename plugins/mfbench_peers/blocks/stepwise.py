"""What a long call hands to its callback, one thing at a time: the call waits while whoever asks for more looks at it.

A solver of this suite is a generator, and must let go between two steps; a package that runs to its end and calls back
after each step cannot. So the call has a thread of its own, which runs only while the next thing is asked for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class _Dropped(BaseException):
    """Nobody asks for more: ends the call where it stands."""


def stepwise(call: Callable[[Callable[[Item], None]], None]) -> Iterator[Item]:
    """What `call(give)` gives, in turn.

    Args:
        call: takes a function, which it calls with each item, in one thread.

    Raises:
        whatever the call raises, where the next item was asked for.
    """
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[str, Item | BaseException | None]] = queue.SimpleQueue()

    def give(item: Item) -> None:
        answers.put(("item", item))
        if not asked.get():
            raise _Dropped

    def run() -> None:
        try:
            if asked.get():
                call(give)
                answers.put(("done", None))
        except _Dropped:
            pass
        except BaseException as error:
            answers.put(("failed", error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            asked.put(True)
            kind, answer = answers.get()
            if kind == "done":
                return
            if kind == "failed":
                raise answer
            yield answer
    finally:
        asked.put(False)
        thread.join()
