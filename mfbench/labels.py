"""Names and texts as tables show them: a name with the parameters that matter, a text in one line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

Contender = tuple[str, str]
"""A solver's name and its canonical parameters as sorted JSON: comparable and hashable."""

OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but the line feed, and characters that turn the direction of writing."""

CONTROL = re.compile(rf"(?:\x1b\[|\x9b)[0-9;?]*[ -/]*[@-~]|{OBEYED.pattern}")
"""Terminal sequences as a whole, and what else a terminal obeys."""


def canonical(document: Any) -> str:
    """Plain data as JSON with sorted keys: equal data give equal texts."""
    return msgspec.json.encode(document, order="sorted").decode()


class Remembered(Generic[T]):
    """A function of plain data, worked out once for each object: the trials of a contender share their parameters."""

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._known: dict[int, tuple[Any, T]] = {}

    def __call__(self, document: Any) -> T:
        """The function's value. The object must not change as long as this lives."""
        known = self._known.get(id(document))
        if known is None:  # the object is kept, so that no other one can have its number
            known = self._known[id(document)] = (document, self._function(document))
        return known[1]


def label(name: str, parameters: Mapping[str, Any]) -> str:
    """The name with parameters as they are typed.

    Examples:
        >>> label("committor/arc", {"dim": 10, "levels": "exact"})
        'committor/arc[dim=10,levels=exact]'
    """
    inside = ",".join(f"{key}={value}" for key, value in parameters.items())
    return f"{name}[{inside}]" if inside else name


def contender_labels(contenders: Iterable[Contender]) -> dict[Contender, str]:
    """Short names of contenders: only the parameters that tell those of one solver apart.

    Examples:
        >>> names = contender_labels([("sgd", '{"batch":8,"width":8}'), ("sgd", '{"batch":8,"width":16}')])
        >>> sorted(names.values())
        ['sgd[width=16]', 'sgd[width=8]']
    """
    variants: dict[str, dict[Contender, dict[str, Any]]] = defaultdict(dict)
    for contender in contenders:
        solver, parameters = contender
        variants[solver][contender] = msgspec.json.decode(parameters)
    labels = {}
    for name, variant in variants.items():
        seen = list(variant.values())
        telling = sorted(
            key
            for key in set().union(*seen)
            if len({canonical(parameters.get(key)) for parameters in seen}) > 1
        )
        for contender, values in variant.items():
            labels[contender] = label(name, {key: values.get(key) for key in telling})
    return labels


def natural_order(parameters: Mapping[str, Any]) -> tuple[tuple[str, bool, float, str], ...]:
    """A sort key that puts dim=2 before dim=10: numbers by size, everything else as text after them."""
    return tuple(
        (key, False, float(value), "") if isinstance(value, int | float) else (key, True, 0.0, str(value))
        for key, value in parameters.items()
    )


def plain(number: float) -> str:
    """A number as it is typed, so that different ones look different: 1000001, 0.2732, 1e-09."""
    short = f"{number:g}"
    return short if float(short) == number else f"{number:.15g}"


def escaped(document: str) -> str:
    """A JSON document in which what a terminal would obey is written as \\uXXXX: the same data, harmless to look at."""
    return OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def printable(text: str) -> str:
    """A stranger's text without what a terminal would obey; lines stay. What is no text in a path is a question mark."""
    return CONTROL.sub("", text.expandtabs(4)).encode(errors="replace").decode()


FORMULA = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet computes."""


def cell(text: str) -> str:
    """A stranger's text as a cell of a CSV file: one line, and nothing that a spreadsheet would take for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(FORMULA) else line


def one_line(text: str) -> str:
    """A stranger's text in one line: white space is one blank, control characters are gone."""
    return " ".join(printable(" ".join(text.split())).split())
