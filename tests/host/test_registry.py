"""Discovery: what plugins offer, and every way to be broken: named with the file, the others unaffected."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys

import pytest

import mfbench
from mfbench import hookspecs
from mfbench.registry import load_registry, resolve

SOLVER = 'mfbench.SolverEntry(name="s", task="committor", summary="", source="", run="m:f")'
ENTRY = "import mfbench\ns = " + SOLVER + "\n"
HOOK = "@mfbench.hookimpl\ndef mfbench_solvers():\n    return [s]\n"
PROBLEM = """
import dataclasses, mfbench
@dataclasses.dataclass(frozen=True)
class P:
    dim: int = 2
    def __post_init__(self):
        if self.dim < 1:
            raise ValueError(f"dim is {self.dim}; expected >= 1.")
p = mfbench.ProblemEntry(
    name="committor/p", summary="", formula="", source="", build="m:b", judge="m:j", parameters=P,
    facts=lambda parameters: mfbench.Facts(task="committor", dim=parameters.dim),
)
@mfbench.hookimpl
def mfbench_problems():
    return [p]
"""


def entry(old, new):
    """A plugin whose solver entry has a mistake."""
    return ENTRY.replace(old, new) + HOOK


def hook(old, new):
    """A plugin whose hook has a mistake."""
    return ENTRY + HOOK.replace(old, new)


def more(field):
    """A plugin whose problem entry has one field more."""
    return PROBLEM.replace("parameters=P,", f"parameters=P, {field},")


BROKEN = {
    "missing_module": ("import no_such_module\n", "No module named 'no_such_module' (line 1)"),
    "raises_at_import": ("x = 1\nraise RuntimeError('not today')\n", "RuntimeError: not today (line 2)"),
    "syntax": ("import mfbench\ndef mfbench_solvers(:\n", "SyntaxError: invalid syntax"),
    "exits": ("import sys\nsys.exit(3)\n", "SystemExit: 3 (line 2)"),
    "undecorated": (hook("@mfbench.hookimpl\n", ""), "write @mfbench.hookimpl above it"),
    "misspelt": (hook("solvers", "solver"), "'mfbench_solver'; did you mean mfbench_solvers"),
    "misspelt_and_undecorated": (
        hook("@mfbench", "def mfbench_problem():\n    return []\n\n@mfbench"),
        "'mfbench_problem'; did you mean mfbench_problems",
    ),
    "foreign_hook": (ENTRY + "@mfbench.hookimpl\ndef configure(): pass\n", "unknown hook 'configure'"),
    "signature": (hook("()", "(config)"), "'config'"),
    "no_hook": (ENTRY, "offers no hook"),
    "hook_raises": (hook("[s]", "[s][1]"), "IndexError: list index out of range (line 5)"),
    "hook_returns_nothing": (hook("return [s]", "[s]"), "returned None; expected a list of entries"),
    "hook_returns_one": (hook("[s]", "s"), "expected a list of entries"),
    "hook_returns_text": (hook("[s]", "'abc'"), "returned 'abc'; expected a list of entries"),
    "hook_returns_names": (hook("[s]", "['abc']"), "expected a ProblemEntry or a SolverEntry"),
    "api": (entry("source", "api=2, source"), "states api = 2; this mfbench speaks api 1"),
    "name": (entry('"s"', '"My Solver"'), "'My Solver'; expected name in lower case"),
    "no_name": (entry('"s"', "None"), "solver name None; expected"),
    "task": (entry('"committor"', '"comittor"'), "'comittor'; expected one of committor"),
    "run_is_a_function": (entry('"m:f"', "print"), "run is <built-in function print>; expected 'module"),
    "run_without_module": (entry('"m:f"', '":f"'), "run is ':f'; expected 'module:function'"),
    "extras": (entry("source", "extras='jax', source"), "expected a tuple of texts"),
    "devices": (entry("source", "devices=('tpu',), source"), "expected some of cpu, cuda"),
    "parameters": (entry("source", "parameters=dict, source"), "expected a frozen dataclass"),
    "summary": (entry('summary=""', "summary=None"), "summary is None; expected a text"),
    "formula": (PROBLEM.replace('formula=""', "formula=3"), "formula is 3; expected a text"),
    "api_is_true": (entry("source", "api=True, source"), "states api = True"),
    "not_frozen": (PROBLEM.replace("(frozen=True)", ""), "expected a frozen dataclass"),
    "no_default": (PROBLEM.replace("int = 2", "int"), "missing 1 required positional argument: 'dim'"),
    "default_of_other_type": (PROBLEM.replace("= 2", "= 2.5"), "P.dim is 2.5; expected a whole number"),
    "problem_name": (PROBLEM.replace('"committor/p"', '"committor-p"'), "expected task/family"),
    "instance": (more("instances={'quick': ({'dmi': 2},)}"), "unknown parameter 'dmi'; it has: dim"),
    "refused_instance": (more("instances={'full': ({'dim': 0},)}"), "dim is 0; expected >= 1"),
    "two_quick": (more("instances={'quick': ({}, {'dim': 3})}"), "2 quick instances; expected at most one"),
    "preset": (more("instances={'fast': ({},)}"), "'fast'; expected quick, standard, full"),
    "facts_raise": (PROBLEM.replace("parameters.dim)", "parameters.d)"), "no attribute 'd' (line 11)"),
    "facts_of_a_task": (PROBLEM.replace('task="c', 'task="f'), "expected Facts of task 'committor'"),
    "targets": (more("targets=(1e-3, 1e-2)"), "largest first"),
    "no_targets": (
        more("targets=None"),
        "problem 'committor/p': targets are None; expected a tuple of numbers > 0, largest first",
    ),
    "targets_text": (
        more("targets='abc'"),
        "problem 'committor/p': targets are 'abc'; expected a tuple of numbers",
    ),
    "targets_texts": (
        more("targets=('a',)"),
        "problem 'committor/p': targets are ('a',); expected a tuple of numbers",
    ),
    "infinite_target": (
        more("targets=(float('inf'), 1)"),
        "problem 'committor/p': targets are (inf, 1); expected a tuple of numbers",
    ),
    "instances": (
        more("instances=[1]"),
        "problem 'committor/p': instances is [1]; expected a mapping from quick, standard, full",
    ),
    "no_instances": (more("instances=None"), "problem 'committor/p': instances is None; expected a mapping"),
    "instances_alone": (
        more("instances={'full': {'dim': 2}}"),
        "problem 'committor/p': instances of 'full' are {'dim': 2}; expected a tuple of parameter mappings",
    ),
    "instance_number": (
        more("instances={'full': (1,)}"),
        "problem 'committor/p': instances of 'full' are (1,); expected a tuple",
    ),
    "instances_none": (
        more("instances={'quick': None}"),
        "problem 'committor/p': instances of 'quick' are None; expected a tuple",
    ),
    "facts_value": (
        PROBLEM.replace('lambda parameters: mfbench.Facts(task="committor", dim=parameters.dim)', "3"),
        "problem 'committor/p': facts is 3; expected a function of the parameters",
    ),
    "control": (
        entry("source", "control='no', source"),
        "solver 's': control is 'no'; expected True or False",
    ),
    "supports": (
        entry("source", "supports=True, source"),
        "solver 's': supports is True; expected a function of Facts",
    ),
    "judge": (PROBLEM.replace('"m:j"', '"m.j"'), "judge is 'm.j'; expected 'module:function'"),
}


@pytest.fixture(autouse=True)
def forget_modules(tmp_path):
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def plugin(tmp_path):
    def write(name, text):
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        return str(file)

    return write


@pytest.mark.parametrize("case", BROKEN)
def test_broken_plugin_is_named_and_others_stay(plugin, case, toy_plugin):
    text, words = BROKEN[case]
    file = plugin(f"broken_{case}", text)
    alone, beside = load_registry([toy_plugin]), load_registry([file, toy_plugin])
    (broken,) = beside.broken
    assert broken.origin.file == file
    assert str(broken.origin) == file
    assert words in broken.reason
    assert beside.problems.keys() == alone.problems.keys()
    assert beside.solvers.keys() == alone.solvers.keys()


def test_one_bad_entry_leaves_the_plugins_others(plugin):
    text = hook("[s]", "[s, 1, dataclasses.replace(s, name='t')]") + "import dataclasses\n"
    registry = load_registry([plugin("partly", text)])
    assert {("committor", "s"), ("committor", "t")} <= registry.solvers.keys()
    (broken,) = registry.broken
    assert "returned 1; expected" in broken.reason


def test_duplicate_name_is_refused_and_says_who_was_first(plugin):
    first, second = plugin("first", ENTRY + HOOK), plugin("second", ENTRY + HOOK)
    registry = load_registry([first, second])
    assert registry.origins["committor", "s"].file == first
    (broken,) = registry.broken
    assert broken.origin.file == second
    assert f"already offered by {first}" in broken.reason


def test_same_file_twice_is_one_plugin(plugin):
    file = plugin("single", ENTRY + HOOK)
    assert load_registry([file, file]).broken == []


def test_file_that_hides_a_module_is_refused(plugin):
    registry = load_registry([plugin("wave", ENTRY + HOOK), plugin("json", ENTRY + HOOK)])
    reasons = {broken.origin.name: broken.reason for broken in registry.broken}
    assert "hide the module" in reasons["wave.py"], "wave is in the standard library, and not imported yet"
    assert "already imported" in reasons["json.py"]


def test_missing_file_is_named(tmp_path):
    (broken,) = load_registry([tmp_path / "absent.py"]).broken
    assert (broken.origin.file, broken.reason) == (str(tmp_path / "absent.py"), "no such Python file.")


def test_broken_entry_point_breaks_no_other(tmp_path, monkeypatch):
    """Also where its parent package leaves, raises or is not there."""
    for name, text in {
        "leaver": "raise SystemExit",
        "raiser": "raise KeyError(1)",
        "sound": ENTRY + HOOK,
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
        (tmp_path / name / "plugin.py").write_text(ENTRY + HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        importlib.metadata.EntryPoint(name=value, value=value, group="mfbench")
        for value in ("leaver.plugin", "raiser.plugin", "absent.plugin", "sound.plugin")
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    registry = load_registry()
    assert [broken.origin.name for broken in registry.broken] == [
        "absent.plugin",
        "leaver.plugin",
        "raiser.plugin",
    ]
    assert registry.origins["committor", "s"].file == str(tmp_path / "sound" / "plugin.py")


def test_bundled_plugins_are_sound_and_sorted():
    registry = load_registry()
    assert registry.broken == []
    assert list(registry.problems) == sorted(registry.problems)
    assert list(registry.solvers) == sorted(registry.solvers)
    assert {registry.origins[name].distribution for name in registry.origins} == {"mfbench"}


def test_hook_mfbench_problems(plugin):
    file = plugin("problems_alone", PROBLEM)
    registry = load_registry([file])
    entry = registry.problems["committor/p"]
    assert isinstance(entry, mfbench.ProblemEntry)
    assert entry.task == "committor"
    assert registry.origins["committor/p"].file == file


def test_hook_mfbench_solvers(plugin):
    file = plugin("solvers_alone", ENTRY + HOOK)
    registry = load_registry([file])
    assert isinstance(registry.solvers["committor", "s"], mfbench.SolverEntry)
    assert registry.origins["committor", "s"].file == file


EXECUTOR = (
    "import mfbench\ne = mfbench.ExecutorEntry(name='e', summary='', open='m:f')\n"
    "@mfbench.hookimpl\ndef mfbench_executors():\n    return [e]\n"
)


def test_hook_mfbench_executors(plugin):
    file = plugin("places", EXECUTOR)
    registry = load_registry([file])
    assert registry.broken == []
    assert registry.executors["e"].away
    assert registry.origins["e"].file == file
    assert list(registry.executors) == sorted({"dask", "e", "local"})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("'m:f'", "print", "expected 'module:function'"),
        ("'e', s", "'local', s", "executor name 'local' is already offered by"),
        ("''", "'', away=1", "executor 'e': away is 1; expected True or False"),
        ("''", "'', options=dict", "expected a frozen dataclass"),
        ("''", "'', extras='x'", "expected a tuple of texts"),
        ("''", "'', api=2", "states api = 2"),
        ("summary=''", "summary=3", "summary is 3; expected a text"),
    ],
)
def test_a_broken_executor_is_named(plugin, old, new, words):
    (broken,) = load_registry([plugin("places", EXECUTOR.replace(old, new))]).broken
    assert words in broken.reason


STUDY = """
import mfbench
a = mfbench.Arm(problem="committor/p", solver="s[x=1]")
e = mfbench.StudyEntry(name="local", summary="", source="", arms=(a,), swept="solver.n", values=(1, 2), quantity="error")
@mfbench.hookimpl
def mfbench_studies():
    return [e]
"""


def test_hook_mfbench_studies(plugin):
    file = plugin("designs", STUDY)
    registry = load_registry([file])
    assert registry.broken == []
    assert registry.studies["local"].arms[0].name == "s[x=1]"  # an executor may have the same name
    assert registry.origins["study", "local"].file == file


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"local"', '"A b"', "study name 'A b'; expected name"),
        ('source=""', "source=1", "study 'local': source is 1; expected a text"),
        ("(a,)", "()", "arms are (); expected a tuple of mfbench.Arm"),
        ("(a,)", "(a, a)", "arms are called s[x=1], s[x=1]; give each a label"),
        ("[x=1]", "[x", "an arm names 's[x': expected NAME"),
        ('"s[x=1]"', '"s", tied={"solver.m": 3}', "arm 's': tied is {'solver.m': 3}; expected a mapping"),
        ('"solver.n"', '"n"', "swept is 'n'; expected 'solver.PARAMETER' or"),
        ("(1, 2)", "(2, 1)", "values is (2, 1); expected a tuple of numbers, smallest first"),
        ("(1, 2)", "(1,)", "1 values; the law 'power' needs 2 at least"),
        ("(1, 2)", "(1, 2), law='power-with-floor'", "2 values; the law 'power-with-floor' needs 3"),
        ("(1, 2)", "(1, 2), law='cubic'", "law is 'cubic'; expected one of power"),
        ("(1, 2)", "(1, 2), law='amplitude'", "exponent is None with the law 'amplitude'; expected a number"),
        ('"error"', '"erorr"', "quantity is 'erorr'; expected one of error, metric:NAME"),
        ('"error"', '"seconds-to:soon"', "quantity is 'seconds-to:soon'"),
        (
            '"error"',
            '"seconds-to:0.1"',
            "statistic is 'geometric-mean'; the quantity 'seconds-to:0.1' takes 'median'",
        ),
        ('"error"', '"solution"', "the quantity 'solution' takes 'variance'"),
        (
            '"error"',
            '"report:rate", times=(1,)',
            "those that can be read at times: error, solution, deviation",
        ),
        (
            '"error"',
            '"error", times=(0,)',
            "times is (0,); expected a tuple of numbers, > 0 if they are seconds",
        ),
        ('"error"', '"deviation", times=(1,), limit=a', "the clock is 'seconds'; expected a kind of work"),
        ('"error"', '"deviation"', "limit is None with the quantity 'deviation'; expected an arm"),
        ('"error"', '"error", limit=a', "with the quantity 'error'; expected an arm for 'deviation' alone"),
        ('"error"', '"deviation", limit="s"', "limit is 's'; expected an mfbench.Arm or None"),
        (
            '"error"',
            '"error", against="clock", times=(1, 2)',
            "2 values; a law of the clock has one swept value",
        ),
        ("(1, 2)", "(1,), against='clock', times=(1,)", "1 times; the law 'power' needs 2 at least"),
        ("(1, 2)", "(1, 2), group='A b'", "group is 'A b'; expected lower case letters"),
        ('"error"', '"error", budget=0', "budget is 0; expected seconds above zero"),
        ('"error"', '"error", seeds=0', "seeds is 0; expected a whole number >= 1"),
        ('"error"', '"error", least_seeds=2', "least_seeds is 2; expected a whole number >= 3"),
        ('"error"', '"error", confidence=95', "confidence is 95; expected a number from .5"),
        ('"error"', '"error", api=2', "states api = 2"),
        (
            '"error"',
            '"error", predictions=(mfbench.Prediction(value=-1, low=1, high=2),)',
            "expected numbers with low <= value <= high",
        ),
    ],
)
def test_a_broken_study_is_named(plugin, old, new, words):
    file = plugin("designs", STUDY.replace(old, new))
    (broken,) = load_registry([file]).broken
    assert words in broken.reason
    assert broken.origin.file == file


def test_a_second_study_of_one_name_is_refused(plugin):
    registry = load_registry([plugin("first", STUDY), plugin("second", STUDY)])
    (broken,) = registry.broken
    assert "study name 'local' is already offered by" in broken.reason
    assert registry.origins["study", "local"].name == "first.py"


def test_every_hook_has_its_test():
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "mfbench_spec")]
    assert len(hooks) == 4
    assert [name for name in hooks if f"test_hook_{name}" not in globals()] == []
    for name in hooks:
        assert inspect.getdoc(getattr(hookspecs, name))


def test_one_solver_name_may_stand_in_two_tasks(plugin):
    both = hook("[s]", "[s, dataclasses.replace(s, task='fokker-planck')]") + "import dataclasses\n"
    registry = load_registry([plugin("both", both)])
    assert registry.broken == []
    assert {("committor", "s"), ("fokker-planck", "s")} <= registry.solvers.keys()


def test_resolve_says_what_is_not_there():
    assert resolve("dataclasses:dataclass") is dataclasses.dataclass
    with pytest.raises(Exception, match=r"dataclasses:datacalss: module .*dataclasses.py has no 'datacalss'"):
        resolve("dataclasses:datacalss")
