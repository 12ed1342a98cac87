"""The standing instances: those that an entry's presets name, whose references are stored."""

from __future__ import annotations

from importlib import import_module

from mfbench_committor.entries.double_well_balls import DOUBLE_WELL_BALLS
from mfbench_committor.entries.double_well_sublevel import DOUBLE_WELL_SUBLEVEL
from mfbench_committor.entries.duffing import DUFFING
from mfbench_committor.entries.face import FACE
from mfbench_committor.entries.mueller import MUELLER
from mfbench_committor.entries.mueller_circulation import MUELLER_CIRCULATION
from mfbench_committor.entries.rugged_mueller import RUGGED_MUELLER
from mfbench_committor.entries.triple_well import TRIPLE_WELL
from mfbench_committor.entries.two_channel_quartic import TWO_CHANNEL_QUARTIC
from mfbench_committor.references.planar_problem import PlanarProblem

ENTRIES = {
    entry.name.partition("/")[2]: entry
    for entry in (
        DOUBLE_WELL_BALLS,
        DOUBLE_WELL_SUBLEVEL,
        DUFFING,
        FACE,
        MUELLER,
        MUELLER_CIRCULATION,
        RUGGED_MUELLER,
        TRIPLE_WELL,
        TWO_CHANNEL_QUARTIC,
    )
}


def standing_problems(family: str) -> dict[str, PlanarProblem]:
    """The standing instances of a family in reduced coordinates, by the names of their files."""
    entry = ENTRIES[family]
    module = import_module(entry.build.partition(":")[0])
    instances = [overrides for preset in entry.instances.values() for overrides in preset]
    problems = [module.planar_problem(entry.parameters(**overrides)) for overrides in instances]
    return {problem.stem: problem for problem in problems}
