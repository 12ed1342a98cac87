"""What importing brings along: nothing heavy before a trial's child, and the package that is tested."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import os
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import mfbench

HEAVY = {
    "numpy",
    "scipy",
    "torch",
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "skfem",
    "pyamg",
    "dask",
    "distributed",
}
FRAMEWORKS = HEAVY - {"numpy"}
MODULES = sorted(point.module for point in importlib.metadata.entry_points(group="mfbench"))


def imported(code):
    """The heavy packages that a fresh interpreter holds after some code."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


def test_the_probe_finds_what_is_imported():
    assert imported("import numpy.random") == {"numpy"}


@pytest.mark.parametrize(
    "module",
    ["mfbench", "mfbench.hookspecs", "mfbench.tasks", "mfbench.registry", "mfbench.request", "mfbench.cli"],
)
def test_what_needs_no_numbers_imports_no_numpy(module):
    assert imported(f"import {module}") == set()


def test_bundled_plugins_are_announced():
    assert {
        "mfbench_committor",
        "mfbench_fokker_planck",
        "mfbench_controls",
        "mfbench_dask",
        "mfbench_jax",
        "mfbench_peers",
        "mfbench_regression",
        "mfbench_torch",
    } <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_plugin_package_imports_no_framework(module):
    """Its hooks hand over values; `run` is imported in a trial's child alone. Their values are read, too."""
    hooks = f"""
import {module} as plugin
for name in ("mfbench_problems", "mfbench_solvers", "mfbench_executors", "mfbench_studies"):
    list(getattr(plugin, name, list)())
"""
    assert imported(hooks) & FRAMEWORKS == set()


def test_planning_everything_imports_no_framework():
    code = """
from mfbench.plan import make_plan
from mfbench.registry import load_registry
from mfbench.request import Request
assert make_plan(Request(preset="full"), load_registry(), 2).specs
"""
    assert imported(code) & FRAMEWORKS == set()


def test_the_hosts_side_of_a_trial_imports_no_framework():
    assert imported("import mfbench.trial, mfbench.session, mfbench.isolation") <= {"numpy"}


def test_preloading_is_for_the_fork_server_alone():
    """There it makes a session of its own; a host that imports the module stays where it is."""
    code = "import os\nbefore = os.getsid(0)\nimport mfbench.preload\nassert os.getsid(0) == before != os.getpid()"
    assert imported(code) <= {"numpy"}


HOST = sorted(Path(mfbench.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("file", HOST, ids=lambda file: str(file.relative_to(HOST[0].parent)))
def test_every_module_says_what_it_is_for(file):
    text = file.read_text()
    assert ast.get_docstring(ast.parse(text)), f"{file} has no docstring"
    assert len(text.splitlines()) <= 300, f"{file} is too long to be one thing"


def test_installed_package_is_what_is_tested():
    """tox sets MFBENCH_INSTALLED: its tests run against the wheel, not against the checkout beside them."""
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    installed = any(Path(mfbench.__file__).is_relative_to(folder) for folder in folders)
    if os.environ.get("MFBENCH_INSTALLED") == "1":
        assert installed, mfbench.__file__
    for name in MODULES:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert any(Path(found.origin).is_relative_to(folder) for folder in folders) == installed, found.origin
