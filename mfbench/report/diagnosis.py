"""The view of `mfbench doctor`: what was found, what it means, and a verdict in a sentence."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from mfbench import availability, doctor, provenance
from mfbench.report.figures import duration
from mfbench.report.sheets import Chapter, Sheet
from mfbench.report.terminal import WIDTH, print_chapters
from mfbench.statistics import CONFIDENCE

LATE = 1e-3
"""Seconds by which a sleep of one millisecond may be late, in 99 of 100 cases, on a machine that is not crowded."""

CROWDED = 0.25
"""Cores' worth of other work from which a machine is called busy."""

FAIR = 0.98
"""Processor seconds per wall second from which a run is said to have had its core to itself."""


@dataclass
class Diagnosis:
    """What was found.

    Args:
        lines: what, what was found, and a remark where it matters.
        reasons: why timings are worse than they could be.
        agreement: of two equal runs.
        usable: cores on which trials can run without sharing one.
    """

    agreement: doctor.Agreement
    usable: int
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def say(self, what: str, found: str, remark: str = "", reason: bool = False) -> None:
        """Add a line; a remark may also be a reason why timings are worse than they could be."""
        self.lines.append((what, found, remark))
        if reason:
            self.reasons.append(remark)

    @property
    def verdict(self) -> str:
        """What this machine can time honestly, in a sentence."""
        runs, slower = self.agreement, self.agreement.visible
        pairs = f"{doctor.PAIRS} pairs of runs of {duration(doctor.RUN_SECONDS)}"
        jobs = f"{self.usable} {'trial' if self.usable == 1 else 'trials'} of one core at a time"
        if not runs.holds:
            return (
                f"Two equal runs differed by {abs(runs.ratio - 1):.1%} where they should agree ({pairs}): seconds "
                "measured on this machine now mean little; look again when it is quiet."
            )
        text = f"With {jobs}, a slowdown of {slower:.1%} or more is seen 19 times in 20 ({pairs} by turns)"
        return f"{text}; smaller ones are not seen here{'' if not self.reasons else ', because of what is said above'}."


def examine(folder: Path) -> Diagnosis:
    """Look at the machine and try it; takes some seconds.

    Args:
        folder: the results folder, on whose disk a small file is written.
    """
    present, allowed, quota = doctor.cores()
    usable = allowed if quota is None else max(1, min(allowed, int(quota)))
    load = os.getloadavg()
    others = doctor.occupied()
    found = Diagnosis(doctor.equal_runs(), usable)
    found.say("machine", ", ".join(f"{k} {v}" for k, v in provenance.machine().items() if k != "node"))
    few = "a host that watches its trials shares their only core" if usable == 1 else ""
    found.say("cores", f"{present}, this process may use {allowed}", few, reason=usable == 1)
    throttled = quota is not None and quota < allowed
    found.say(
        "quota of the control group",
        "none that can be read" if quota is None else f"{quota:g} cores",
        "trials on more cores than that are stopped in mid-run" if throttled else "",
        reason=throttled,
    )
    governors = doctor.governors()
    steady = not governors or governors == ("performance",)
    found.say(
        "frequency governor",
        ", ".join(governors) or "cannot be read",
        "" if steady else "the frequency follows the load; `performance` is steadier",
        reason=not steady,
    )
    resolution = time.get_clock_info("perf_counter").resolution
    found.say(
        "clock",
        f"resolution {1e9 * resolution:.0f} ns, smallest step seen {1e9 * doctor.clock_step():.0f} ns",
    )
    median, worst = doctor.oversleep()
    found.say(
        "a sleep of 1 ms is late by",
        f"{duration(median)}, 1 of 100 by {duration(worst)}",
        "others are in the way when a process wakes up" if worst > LATE else "",
        reason=worst > LATE,
    )
    busy = others is not None and others > CROWDED
    found.say(
        "other work now",
        "cannot be read" if others is None else f"{others:.2f} cores",
        "the machine is busy" if busy else "",
        reason=busy,
    )
    crowded = load[0] > present
    found.say(
        "load average over 1, 5, 15 min",
        ", ".join(f"{one:.2f}" for one in load),
        "more wanted to run than there are cores" if crowded else "",
        reason=crowded,
    )
    found.say("a fork and exit", duration(doctor.fork_seconds()))
    try:
        found.say(
            "4 kB to the disk of the results folder", duration(doctor.sync_seconds(folder)), str(folder)
        )
    except OSError as error:
        found.say(
            "4 kB to the disk of the results folder",
            "cannot be written",
            f"{folder}: {error.strerror or error}",
        )
    found.say("installed", ", ".join(f"{name} {version}" for name, version in doctor.frameworks().items()))
    gpus = availability.gpus()
    found.say("devices", ", ".join(availability.devices()), f"GPUs: {', '.join(gpus)}" if gpus else "")
    runs = found.agreement
    alone = runs.processor >= FAIR
    found.say(
        "two equal runs, by turns",
        f"ratio {runs.ratio:.4f}, {CONFIDENCE:.0%} interval {runs.low:.4f} to {runs.high:.4f}",
        "they agree" if runs.holds else "they do NOT agree",
    )
    found.say(
        "the core while they ran",
        f"{runs.processor:.1%} of it theirs; one pair in three is off by more than {runs.spread:.1%}",
        "" if alone else "something else had the core meanwhile",
        reason=not alone,
    )
    return found


def diagnosis_text(found: Diagnosis, *, terminal: bool = False, width: int = WIDTH) -> str:
    """The findings and the verdict."""
    header = ("what", "found", "remark")
    sheet = Sheet(caption="", header=header, lines=tuple(found.lines), words=frozenset(header))
    chapter = Chapter(title="What this machine can time honestly", sheets=(sheet,), notes=(found.verdict,))
    return print_chapters([chapter], terminal=terminal, width=width)
