"""What must not be compared in a ranking, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

from mfbench.record import Record
from mfbench.statistics import LEAST_SEEDS
from mfbench.tally import Tally


def machine_name(record: Record) -> str:
    """What tells the record's machine from others: its fingerprint, or else all that is known of it."""
    facts = record.machine
    return facts.get("fingerprint") or ", ".join(facts[key] for key in sorted(facts)) or "unknown"


def machines(records: Iterable[Record]) -> dict[str, str]:
    """Name of every machine -> what it is, in the order of names."""
    found = {}
    for record in records:
        facts = {key: text for key, text in record.machine.items() if key not in ("fingerprint", "node")}
        found[machine_name(record)] = ", ".join(f"{key} {facts[key]}" for key in sorted(facts))
    return dict(sorted(found.items()))


MIXTURES: tuple[tuple[str, Callable[[Record], object], str], ...] = (
    (
        "machines",
        machine_name,
        "seconds are not compared there, and errors at a budget of seconds are comparable only roughly",
    ),
    (
        "thread counts",
        lambda record: record.limits.threads,
        "seconds, and errors at a budget of seconds, are not comparable there",
    ),
    (
        "versions of the judge",
        lambda record: record.judge if record.scored else None,
        "the errors are not comparable until they are judged anew",
    ),
    (
        "versions of the protocol",
        lambda record: record.protocol,
        "the trials were timed under different rules; run them again",
    ),
)
"""What must be the same for all trials of an instance (None: does not matter for this one), and what
follows where it is not."""


def caveats(instances: Mapping[str, Sequence[Tally]], superseded: int) -> list[str]:
    """Sentences on mixtures, on missing pairs and on what was left out.

    Args:
        instances: display name -> the ranked contenders' trials.
        superseded: number of records for which a newer one of the same cell stands.
    """
    found = []
    for what, of, consequence in MIXTURES:
        mixed = [
            name
            for name, tallies in instances.items()
            if len({of(record) for tally in tallies for record in tally.counted} - {None}) > 1
        ]
        if mixed:
            found.append(f"Different {what} meet on {listed(mixed)}: {consequence}.")
    unpaired = [name for name, tallies in instances.items() if _fewest_common_seeds(tallies) < LEAST_SEEDS]
    if unpaired:
        found.append(
            f"Fewer than {LEAST_SEEDS} common seeds on {listed(unpaired)}: no interval, so only the floor ties there."
        )
    if superseded:
        found.append(f"{superseded} records were left out: newer ones of the same cells stand for them.")
    return found


def _fewest_common_seeds(tallies: Sequence[Tally]) -> float:
    seeds = [{record.cell.seed for record in tally.counted} for tally in tallies]
    return min((len(one & other) for one, other in combinations(seeds, 2)), default=math.inf)


def listed(names: Sequence[str], shown: int = 3) -> str:
    """ "a, b, c and 4 more"."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
