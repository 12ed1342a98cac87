"""What must not be compared in a ranking, in sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, combinations

import numpy as np
import numpy.typing as npt

from mfbench.bundles import Bundle, Floats, Shared
from mfbench.labels import one_line
from mfbench.statistics import LEAST_SEEDS
from mfbench.tally import Tally


def machine_named(facts: Mapping[str, str]) -> str:
    """What tells a record's machine from others: its fingerprint, or else all that is known of it."""
    return facts.get("fingerprint") or ", ".join(facts[key] for key in sorted(facts)) or "unknown"


def machines(tallies: Iterable[Tally]) -> dict[str, str]:
    """Name of every machine -> what it is, in the order of names; as the trial of the last seed says."""
    found = {}
    for machine in (
        bundle.shared.machine for t in tallies for bundle in sorted(t.counted, key=lambda one: max(one.seeds))
    ):
        facts = {key: text for key, text in machine.items() if key not in ("fingerprint", "node")}
        found[machine_named(machine)] = ", ".join(f"{key} {facts[key]}" for key in sorted(facts))
    return dict(sorted(found.items()))


BUSY_SHARE = 0.05
"""Of a trial's cores; below it are the kernel, the host that waits, and the start of a next child."""

LEAST_TIMED = 1.0
"""Seconds of a trial from which ticks of 0.01 s say anything of a share."""

CROWD = 0.5
"""Load above the number of cores that is no flicker."""

MIXTURES: tuple[tuple[str, Callable[[Shared], object], str], ...] = (
    (
        "machines",
        lambda trial: machine_named(trial.machine),
        "seconds are not compared there, and errors at a budget of seconds are comparable only roughly",
    ),
    (
        "thread counts",
        lambda trial: trial.limits.threads,
        "seconds, and errors at a budget of seconds, are not comparable there",
    ),
    (
        "versions of the judge",
        lambda trial: trial.judge if trial.scored else None,
        "the errors are not comparable until they are judged anew",
    ),
    (
        "versions of the protocol",
        lambda trial: trial.protocol,
        "the trials were timed under different rules; run them again",
    ),
)
"""What must be the same for all trials of an instance (None: does not matter for this one), and what
follows where it is not."""


def caveats(instances: Mapping[str, Sequence[Tally]], superseded: int, now: str) -> list[str]:
    """Sentences on mixtures, on missing pairs and on what was left out.

    Args:
        instances: display name -> the ranked contenders' trials.
        superseded: number of records for which another one of the same cell stands.
        now: what started later says so wrongly.
    """
    found = []
    for what, of, consequence in MIXTURES:
        mixed = [
            name
            for name, tallies in instances.items()
            if len({of(bundle.shared) for tally in tallies for bundle in tally.counted} - {None}) > 1
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
        found.append(
            f"{superseded} records were left out: others of the same cells stand for them, newer or of "
            "the code that is installed here."
        )
    found.extend(_in_the_future(instances, now))
    return found


def _in_the_future(instances: Mapping[str, Sequence[Tally]], now: str) -> list[str]:
    """A sentence if trials say that they have yet to start."""
    late = [
        (own.started, f"{bundle.shared.cell.solver}, seed {own.seed}, on {name}")
        for name, tallies in instances.items()
        for tally in tallies
        for bundle in tally.counted
        for own in bundle.own
        if own.started > now
    ]
    if not late:
        return []
    started, which = max(late)
    return [
        f"{len(late)} records say that they started in the future (at {one_line(started)} {which}): a clock was wrong "
        "then, and which of several records of a cell is the newest may be, too."
    ]


def _shared_cores(instances: Mapping[str, Sequence[Tally]]) -> list[str]:
    """A sentence if anything but trials was at work on the cores of some; none about trials that cannot tell."""
    trials = [(name, bundle) for name, tallies in instances.items() for t in tallies for bundle in t.counted]
    if not trials:
        return []
    bundles = [bundle for _, bundle in trials]
    shares, crowded = busy_shares(bundles), is_crowded(bundles)
    of = np.repeat(np.arange(len(trials)), [len(bundle) for bundle in bundles])
    busy = int((shares > BUSY_SHARE).sum())
    if busy:
        worst = int(shares.argmax())
        name, bundle = trials[of[worst]]
        return [
            f"The machine was busy: in {busy} of {len(shares)} trials something else had more than {BUSY_SHARE:.0%} of "
            f"their cores ({shares[worst]:.0%} of {bundle.shared.cell.solver}'s on {name}); their seconds are too long "
            "and their errors at a budget of seconds too large."
        ]
    if crowded.any():
        names = list(dict.fromkeys(trials[number][0] for number in of[crowded]))
        return [
            f"The machine was busy: {crowded.sum()} of {len(shares)} trials began or ended with a load average above "
            f"the number of cores, on {listed(names)}; their seconds may be too long."
        ]
    return []


def busy_shares(bundles: Sequence[Bundle]) -> Floats:
    """(n,) the share of each trial's cores that something else used while it ran; 0 where nobody counted."""
    others, wall = _used(bundles, "seconds_others"), _used(bundles, "seconds_wall")
    told = ~np.isnan(others) & (wall >= LEAST_TIMED)
    threads = _each(bundles, [bundle.shared.limits.threads for bundle in bundles])
    return np.divide(others, wall * threads, out=np.zeros(len(wall)), where=told)


def is_crowded(bundles: Sequence[Bundle]) -> npt.NDArray[np.bool_]:
    """(n,) whether more wanted to run than there are cores; trials alone never do, since no two have one core."""
    known = [bundle.shared.machine.get("cores", "") for bundle in bundles]
    cores = _each(bundles, [float(text) if text.isdecimal() else math.inf for text in known])
    uncounted = np.isnan(_used(bundles, "seconds_others"))  # what is counted says more than an average
    loads = np.fmax(_used(bundles, "load_start"), _used(bundles, "load_end"))
    return uncounted & (loads > cores + CROWD)


def _used(bundles: Sequence[Bundle], name: str) -> Floats:
    return np.concatenate([bundle.usage(name) for bundle in bundles])


def _each(bundles: Sequence[Bundle], numbers: Sequence[float]) -> Floats:
    """What is one number for each bundle as one for each trial."""
    return np.repeat(np.array(numbers, float), [len(bundle) for bundle in bundles])


def _fewest_common_seeds(tallies: Sequence[Tally]) -> float:
    sets = Counter(frozenset(seed for bundle in t.counted for seed in bundle.seeds) for t in tallies)
    alike = (len(seeds) for seeds, number in sets.items() if number > 1)
    apart = (len(one & other) for one, other in combinations(sets, 2))
    return min(chain(alike, apart), default=math.inf)


def listed(names: Sequence[str], shown: int = 3) -> str:
    """ "a, b, c and 4 more"."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
