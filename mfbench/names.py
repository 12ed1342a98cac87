"""Names as users type them: `NAME-GLOB[key=value,...]`, and what to say about unknown ones."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass

ENTRY_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PROBLEM_NAME = re.compile(rf"{ENTRY_NAME.pattern}/{ENTRY_NAME.pattern}")


class NameProblem(ValueError):
    """A name that cannot be read, or that nothing answers to."""


@dataclass(frozen=True)
class Selector:
    """A glob over names and parameter overrides, as texts."""

    glob: str
    parameters: dict[str, str]

    def matching(self, names: Iterable[str]) -> list[str]:
        """The names that match, sorted; a glob without a slash also matches the part behind it."""
        pattern = re.compile(fnmatch.translate(self.glob.replace("[", "[[]")))
        found = [
            name
            for name in names
            if pattern.match(name) or ("/" not in self.glob and pattern.match(name.partition("/")[2]))
        ]
        return sorted(found)


def parse_selector(text: str) -> Selector:
    """Read `NAME-GLOB[key=value,...]`; brackets at the end are parameters, cut off first.

    Raises:
        NameProblem: when brackets or assignments do not close, or a key stands twice.

    Examples:
        >>> parse_selector("committor/*[dim=20]")
        Selector(glob='committor/*', parameters={'dim': '20'})
    """
    text = text.strip()
    match = re.fullmatch(r"(?P<glob>[^\[\]]+)(\[(?P<inside>[^\[\]]*)\])?", text)
    if match is None:
        raise NameProblem(f"{text!r}: expected NAME or NAME[key=value,...], with * and ? as wildcards.")
    parameters: dict[str, str] = {}
    for part in filter(None, (match["inside"] or "").split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise NameProblem(f"{text!r}: got {part!r} between the brackets; expected key=value.")
        if key in parameters:
            raise NameProblem(f"{text!r}: parameter {key!r} is given twice.")
        parameters[key] = value
    return Selector(match["glob"].strip(), parameters)


def unknown(kind: str, name: str, known: Iterable[str]) -> NameProblem:
    """The error for a name that nothing answers to."""
    return NameProblem(f"unknown {kind} {name!r}; {suggestion(name, known)}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to say to somebody who typed an unknown name: the nearest ones, upper or lower case, else all."""
    names = sorted(set(known))  # one solver name may stand in several tasks
    whole = {known_name.lower(): known_name for known_name in names}
    tails = {known_name.rpartition("/")[2]: full for known_name, full in whole.items()}
    near = [whole[match] for match in difflib.get_close_matches(name.lower(), whole, 3, 0.5)] or [
        tails[match] for match in difflib.get_close_matches(name.lower(), tails, 3, 0.5)
    ]
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}."
