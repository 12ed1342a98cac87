"""Draw how errors of `gauss-newton` and `is-sgd` fall with time on every committor instance that both take, beside peers'.

Reads the records in results/two-minutes: every seed a line, the points of a line the looks of a trial. Dashed is the best
control.

Usage: python docs/pictures/committors.py
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import matplotlib

from mfbench.labels import canonical, contender_labels
from mfbench.record import Record
from mfbench.store import Store

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "committors"
matplotlib.rcParams["svg.fonttype"] = "none"
import matplotlib.pyplot as plt  # noqa: E402

ROOT = Path(__file__).parents[2]
COLUMNS = 5
COLOURS = {"is-sgd": "C1", "gauss-newton": "C0", "mlcolvar": "C2", "committor-kmc": "C3"}
LEAST = 1e-7
"""Errors below it are drawn there: less than what shots can tell is 0."""


def main() -> None:
    """Write committors.svg."""
    panels: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in Store(ROOT / "results" / "two-minutes").read_all().records:
        panels[record.cell.problem, canonical(record.cell.problem_parameters)].append(record)
    titles = contender_labels(panels)
    rows = -(-len(panels) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(13.0, 2.3 * rows), squeeze=False)
    for place in axes.flat[len(panels) :]:
        place.set_visible(False)
    for place, instance in zip(
        axes.flat, sorted(panels, key=lambda instance: titles[instance]), strict=False
    ):
        records = panels[instance]
        controls = [record.error for record in records if record.control and record.error is not None]
        for record in sorted((r for r in records if not r.control), key=lambda r: r.cell.solver):
            looks = [
                (look.seconds, max(look.error, LEAST)) for look in record.curve if look.error is not None
            ]
            place.plot(*zip(*looks, strict=True), color=COLOURS[record.cell.solver], lw=0.9)
        if controls:
            place.axhline(min(controls), color="0.5", ls="--", lw=0.8)
        place.set(xscale="log", yscale="log", xlim=(1.0, 300.0))
        place.minorticks_off()
        place.set_title(titles[instance].partition("/")[2].replace("[", "\n["), fontsize=8)
        place.tick_params(labelsize=7)
        place.text(0.03, 0.05, records[0].headline, transform=place.transAxes, fontsize=7, color="0.4")
    for place in axes[-1]:
        place.set_xlabel("seconds", fontsize=8)
    there = {record.cell.solver for records in panels.values() for record in records}
    lines = [
        plt.Line2D([], [], color=colour, label=solver)
        for solver, colour in COLOURS.items()
        if solver in there
    ]
    lines.append(plt.Line2D([], [], color="0.5", ls="--", label="best control"))
    figure.legend(handles=lines, loc="lower right", ncols=3, frameon=False)
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "pictures" / "committors.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
