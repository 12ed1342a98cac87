"""Every committor instance of a preset: is `gauss-newton` ok in every seed, and its median below that of `is-sgd`?

Prints a line for each instance, with the controls beside it, then the exceptions; the exit status is 1 if there are any.
Two medians below the metric's floor are alike, and where `is-sgd` does not take the problem there is nothing to beat.
Budget and seeds are the preset's unless given: `standard` runs about 4 hours on two cores, `full` about 12.
Usage: python benchmarks/league.py [--preset standard|full] [--seeds N] [--budget 60s] [-o DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable

from figures import bench
from goals import Figure, Row

from mfbench.labels import canonical, contender_labels
from mfbench.names import Selector
from mfbench.record import Record, Status
from mfbench.request import Request, read_budget

FLAGSHIP, SECOND = "gauss-newton", "is-sgd"


def main() -> int:
    """Parse the arguments, run what is missing, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=("standard", "full"), default="standard")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--budget", type=read_budget)
    parser.add_argument("-o", "--output", metavar="DIR")
    asked = parser.parse_args()
    with bench(asked.output) as trials:
        request = Request(
            problems=(Selector("committor/*", {}),),
            solvers=tuple(Selector(name, {}) for name in (FLAGSHIP, SECOND, *trials.controls("committor"))),
            preset=asked.preset,
            seeds=asked.seeds,
            budget=asked.budget,
        )
        standing = by_instance(trials.records(request))
    exceptions = {title: why for title, figures in standing.items() if (why := exception(figures))}
    for title, figures in standing.items():
        print(f"{title} {figures[FLAGSHIP].row.metric}: {', '.join(map(told, figures.values()))}")
    print(f"{len(exceptions)} exceptions in {len(standing)} instances")
    for title, why in exceptions.items():
        print(f"    {title}: {why}")
    return int(bool(exceptions))


def by_instance(records: Iterable[Record]) -> dict[str, dict[str, Figure]]:
    """Title of an instance -> solver -> its headline error; in the order of names, the two that are compared first."""
    found: dict[tuple[str, str], dict[str, list[Record]]] = defaultdict(lambda: {FLAGSHIP: [], SECOND: []})
    for record in records:
        contender = record.cell.problem, canonical(record.cell.problem_parameters)
        found[contender].setdefault(record.cell.solver, []).append(record)
    titles = contender_labels(found)
    standing = {}
    for contender in sorted(found, key=titles.__getitem__):
        solvers = found[contender]
        metric = next((r.headline for rs in solvers.values() for r in rs if r.scored), "wrmse")
        row = Row(titles[contender], {}, metric=metric)
        standing[titles[contender]] = {name: Figure(row, name, rs) for name, rs in solvers.items()}
    return standing


def exception(figures: dict[str, Figure]) -> str:
    """Why an instance is one, with the numbers; empty if it is none."""
    mine, other = figures[FLAGSHIP], figures[SECOND]
    failed = [record for record in mine.records if record.status is not Status.OK]
    if failed:
        return f"{FLAGSHIP} is not ok in {len(failed)} of {len(mine.records)} seeds: {failed[0].sentence}"
    if other.why_not or mine.median < other.median or mine.median <= mine.floor:
        return ""
    return f"{FLAGSHIP} {mine.median:.2e}, {SECOND} {other.median:.2e}"


def told(figure: Figure) -> str:
    """A solver with its median error."""
    return f"{figure.solver} {'not run' if figure.why_not else f'{figure.median:.2e}'}"


if __name__ == "__main__":
    sys.exit(main())
