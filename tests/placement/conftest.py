"""Plans of the toy problem, their records, and whoever watches."""

from __future__ import annotations

import pytest

from mfbench.names import parse_selector
from mfbench.plan import make_plan
from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.store import Store


class Watcher:
    """Remembers what it was told."""

    def __init__(self):
        self.done = []

    def started(self, progress):
        pass

    def finished(self, record):
        self.done.append(record)


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture(scope="session")
def seeded_plugin(toy_plugin):
    return toy_plugin.replace("toy_plugin", "seeded_plugin")


@pytest.fixture(scope="session")
def plan_of(toy_plugin, seeded_plugin):
    files = (toy_plugin, seeded_plugin)

    def plan(solver="seeded", seeds=3, cores=2, budget=5.0, **more):
        names = {"problems": (parse_selector("line"),), "solvers": (parse_selector(solver),)}
        request = Request(**names, seeds=seeds, budget=budget, **more)
        return make_plan(request, load_registry(files), cores, files)

    return plan


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")
