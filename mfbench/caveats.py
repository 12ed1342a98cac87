"""What must not be compared in a ranking, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

from mfbench.record import Record
from mfbench.statistics import LEAST_SEEDS
from mfbench.tally import Tally


def machine_named(facts: Mapping[str, str]) -> str:
    """What tells a record's machine from others: its fingerprint, or else all that is known of it."""
    return facts.get("fingerprint") or ", ".join(facts[key] for key in sorted(facts)) or "unknown"


def machines(records: Iterable[Record]) -> dict[str, str]:
    """Name of every machine -> what it is, in the order of names."""
    found = {}
    for machine in {id(record.machine): record.machine for record in records}.values():
        facts = {key: text for key, text in machine.items() if key not in ("fingerprint", "node")}
        found[machine_named(machine)] = ", ".join(f"{key} {facts[key]}" for key in sorted(facts))
    return dict(sorted(found.items()))


BUSY_SHARE = 0.05
"""Of a trial's cores; below it are the kernel, the host that waits, and the start of a next child."""

LEAST_TIMED = 1.0
"""Seconds of a trial from which ticks of 0.01 s say anything of a share."""

CROWD = 0.5
"""Load above the number of cores that is no flicker."""

MIXTURES: tuple[tuple[str, Callable[[Record], object], str], ...] = (
    (
        "machines",
        lambda record: machine_named(record.machine),
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
    found.extend(_shared_cores(instances))
    unpaired = [name for name, tallies in instances.items() if _fewest_common_seeds(tallies) < LEAST_SEEDS]
    if unpaired:
        found.append(
            f"Fewer than {LEAST_SEEDS} common seeds on {listed(unpaired)}: no interval, so only the floor ties there."
        )
    if superseded:
        found.append(f"{superseded} records were left out: newer ones of the same cells stand for them.")
    return found


def _shared_cores(instances: Mapping[str, Sequence[Tally]]) -> list[str]:
    """A sentence if anything but trials was at work on the cores of some; none about trials that cannot tell."""
    trials = [(name, record) for name, tallies in instances.items() for t in tallies for record in t.counted]
    busy = [(name, record, share) for name, record in trials if (share := busy_share(record)) > BUSY_SHARE]
    crowded = [name for name, record in trials if is_crowded(record)]
    found = []
    if busy:
        worst, record, share = max(busy, key=lambda one: one[2])
        found.append(
            f"The machine was busy: in {len(busy)} of {len(trials)} trials something else had more than "
            f"{BUSY_SHARE:.0%} of their cores ({share:.0%} of {record.cell.solver}'s on {worst}); their seconds are too "
            "long and their errors at a budget of seconds too large."
        )
    elif crowded:
        found.append(
            f"The machine was busy: {len(crowded)} of {len(trials)} trials began or ended with a load average above "
            f"the number of cores, on {listed(list(dict.fromkeys(crowded)))}; their seconds may be too long."
        )
    return found


def busy_share(record: Record) -> float:
    """The share of a trial's cores that something else used while it ran; 0 where nobody counted."""
    others, wall = record.usage.seconds_others, record.usage.seconds_wall
    if others is None or not wall or wall < LEAST_TIMED:
        return 0.0
    return others / (wall * record.limits.threads)


def is_crowded(record: Record) -> bool:
    """Whether more wanted to run than there are cores; trials alone never do, since no two have one core."""
    cores, usage = record.machine.get("cores", ""), record.usage
    if not cores.isdecimal() or usage.seconds_others is not None:  # counted: that says more than an average
        return False
    return max(usage.load_start or 0.0, usage.load_end or 0.0) > int(cores) + CROWD


def _fewest_common_seeds(tallies: Sequence[Tally]) -> float:
    seeds = [{record.cell.seed for record in tally.counted} for tally in tallies]
    return min((len(one & other) for one, other in combinations(seeds, 2)), default=math.inf)


def listed(names: Sequence[str], shown: int = 3) -> str:
    """ "a, b, c and 4 more"."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
