"""The hash of the code behind a function changes with what can change a result, and with nothing else."""

from __future__ import annotations

import ast
import gc
import importlib
import itertools
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mfbench import closure
from mfbench.closure import code_hash, read_closure
from mfbench.registry import load_registry
from mfbench.solver import NoParameters

MODULE = '''
"""A problem and its judge, side by side."""
from package.helper import double
from package.referee import marks

FACTOR = 3
STRICTNESS = 7


def build():
    """Build."""
    return scale(1)


def scale(x):
    return FACTOR * double(x)


def judge():
    return marks(STRICTNESS)
'''
HELPER = "def double(x):\n    return 2 * x\n"
REFEREE = "def marks(x):\n    return x\n"


@pytest.fixture
def hashed(tmp_path, monkeypatch):
    """Writes the package with replacements and hashes `package.problem:build` and `:judge`."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")

    def hashes(problem=MODULE, helper=HELPER, referee=REFEREE):
        for name, text in (("problem", problem), ("helper", helper), ("referee", referee)):
            (folder / f"{name}.py").write_text(text)
        closure.forget()
        assert "package.problem" not in sys.modules
        return code_hash("package.problem:build"), code_hash("package.problem:judge")

    return hashes


BUILD, JUDGE, NEITHER = {0}, {1}, set()
CHANGES = {
    "constant of the problem": ({"problem": MODULE.replace("FACTOR = 3", "FACTOR = 4")}, BUILD),
    "function that it calls": ({"problem": MODULE.replace("FACTOR *", "FACTOR +")}, BUILD),
    "module that it imports": ({"helper": HELPER.replace("2", "3")}, BUILD),
    "constant of the judge": ({"problem": MODULE.replace("STRICTNESS = 7", "STRICTNESS = 8")}, JUDGE),
    "module of the judge": ({"referee": REFEREE.replace("return x", "return -x")}, JUDGE),
    "statement without a name": ({"problem": MODULE + "\nprint(1)\n"}, BUILD | JUDGE),
    "comment": ({"problem": MODULE + "\n# why\n"}, NEITHER),
    "docstring": ({"problem": MODULE.replace('"""Build."""', '"""Make."""')}, NEITHER),
    "layout": ({"helper": HELPER.replace("2 * x", "(2\n        * x)")}, NEITHER),
    "function that nobody calls": ({"problem": MODULE + "\ndef idle():\n    return 0\n"}, NEITHER),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_the_hash(hashed, change):
    before = hashed()
    texts, expected = CHANGES[change]
    after = hashed(**texts)
    assert {number for number in (0, 1) if before[number] != after[number]} == expected


def test_a_method_in_the_same_package_does_not_count(hashed, tmp_path):
    before = hashed()
    (tmp_path / "package" / "__init__.py").write_text("OTHER = 1\n")
    (tmp_path / "package" / "other.py").write_text("x = 1\n")
    assert hashed() == before


FILES = {
    "__init__.py": '"""Holds the entries of every method."""\nraise RuntimeError("never imported for a hash")\n',
    "method.py": (
        '"""A method."""\nfrom __future__ import annotations\nimport numpy\nimport heavy_and_not_installed\n'
        "from .blocks.net import layer\nfrom probe_package import shared\n\n"
        'def solve(problem):\n    """Solve it."""\n    from probe_package.late import once\n'
        "    return layer(2) + once + shared.VALUE  # done\n"
    ),
    "blocks/__init__.py": "SETTING = 1\n",
    "blocks/net.py": 'from .. import cycle\nTEXT = "a text"\n\ndef layer(n):\n    return n\n',
    "cycle.py": "import probe_package.method\n",
    "shared.py": "import mfbench.frames\nVALUE = 1\n",
    "late.py": "once = 3\n",
    "sibling.py": "def solve(problem):\n    return 5\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package on the import path that is written anew; gives the hash of its method."""
    monkeypatch.syspath_prepend(tmp_path)

    def hashed(edits=None, path="probe_package.method:solve"):
        shutil.rmtree(tmp_path / "probe_package", ignore_errors=True)
        for name, text in (FILES | (edits or {})).items():
            file = tmp_path / "probe_package" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        importlib.invalidate_caches()
        closure.forget()
        return code_hash(path)

    return hashed


def edited(name, old, new):
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new)}


SAME = {
    "comment": edited("method.py", "# done", "# done at last"),
    "docstring": edited("method.py", '"""Solve it."""', '"""Solve it well."""\n\n'),
    "no docstring": edited("method.py", '"""Solve it."""', ""),
    "module docstring": edited("method.py", '"""A method."""', "# a method"),
    "layout": edited("method.py", "layer(2) + once", "layer( 2 ) + (\n        once\n    )"),
    "a module that is not imported": {"sibling.py": "def solve(problem):\n    return 6\n"},
    "the package that holds all entries": {
        "__init__.py": FILES["__init__.py"] + "from .sibling import solve\nENTRIES = [solve]\n"
    },
}
OTHER = {
    "code": edited("method.py", "layer(2)", "layer(3)"),
    "a text that is no docstring": edited("blocks/net.py", '"a text"', '"another text"'),
    "a block": edited("blocks/net.py", "return n", "return n + 1"),
    "the block's package": {"blocks/__init__.py": "SETTING = 2\n"},
    "a module imported from the package": {"shared.py": "import mfbench.frames\nVALUE = 2\n"},
    "a module imported late": {"late.py": "once = 4\n"},
    "a module imported in a circle": {"cycle.py": "import probe_package.method\nx = 1\n"},
    "a module that is gone": {"late.py": "import probe_package.no_such\nonce = 3\n"},
    "a mistake in the syntax": {"late.py": "once = = 3\n"},
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_the_hash_stays(package, case):
    assert package(SAME[case]) == package()


@pytest.mark.parametrize("case", OTHER)
def test_the_hash_changes(package, case):
    assert package(OTHER[case]) != package()


def test_another_mistake_is_another_hash(package):
    assert package({"late.py": "once = = 3\n"}) != package({"late.py": "once = = 4\n"})


def test_the_entry_package_counts_where_it_is_imported_from(package):
    imports = {"late.py": "import probe_package\nonce = 3\n"}
    assert package(imports) != package(imports | {"__init__.py": "x = 1\n"})


def test_nothing_is_imported(package):
    """Planning must not import a framework, and a package may do anything when it is imported."""
    before = set(sys.modules)
    package()
    assert {name for name in set(sys.modules) - before if not name.startswith("mfbench")} == set()


def test_code_of_mfbench_counts_where_it_is_imported(package, monkeypatch, tmp_path):
    before, frames = package(), tmp_path / "frames.py"
    real = closure.source
    frames.write_text(real("mfbench.frames").read_text() + "\nx = 1\n")
    monkeypatch.setattr(closure, "source", lambda name: frames if name == "mfbench.frames" else real(name))
    assert package() != before


TAKEN = {
    "import mfbench\ndef build():\n    return mfbench.Checkpoint\n": False,
    "import mfbench as suite\ndef build():\n    return suite.Checkpoint\n": False,
    "from mfbench import Checkpoint\ndef build():\n    return Checkpoint\n": False,
    "import mfbench\ndef build():\n    return mfbench.StudyEntry\n": True,
    "import mfbench\ndef build():\n    return getattr(mfbench, 'Checkpoint')\n": True,
    "from mfbench import *\ndef build():\n    return Checkpoint\n": True,
}
"""Code, and whether studies are part of it."""


@pytest.mark.parametrize("code", TAKEN)
def test_of_mfbench_itself_what_is_asked_for_counts(tmp_path, monkeypatch, code):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "taker.py").write_text(code)
    files = read_closure("taker:build").files
    assert "mfbench.solver" in files
    assert ("mfbench.study" in files) is TAKEN[code]


def test_code_that_is_not_there_has_a_hash(package):
    """Its trial says what is wrong; planning goes on."""
    assert package(path="probe_package.no_such:solve") == package(path="nowhere.at_all:solve")
    assert package(path="__main__:solve")


REGISTERED = """
import functools
from package.helper import double

@functools.singledispatch
def build(x=0):
    return 1

@build.register(int)
def _(x):
    return VALUE

VALUE = 2

@functools.cache
def judge():
    return 3
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("VALUE = 2", "VALUE = 5", BUILD),
        ("return VALUE", "return -VALUE", BUILD),
        ("return 3", "return 4", JUDGE),
    ],
)
def test_what_is_registered_with_a_function_belongs_to_it(hashed, old, new, expected):
    """Nobody names it, as with `@f.defjvp`; decorating by a module's function is not registering."""
    before, after = hashed(REGISTERED), hashed(REGISTERED.replace(old, new))
    assert {number for number in (0, 1) if before[number] != after[number]} == expected


def test_a_star_import_counts(hashed):
    star = (
        "from package.helper import *\n\ndef build():\n    return double(1)\n\ndef judge():\n    return 1\n"
    )
    assert hashed(star)[0] != hashed(star, helper=HELPER.replace("2", "3"))[0]


def test_bundled_code_is_found():
    """Every bundled entry's modules are there, so that a key stands for code and not for nothing."""
    registry = load_registry()
    paths = [entry.run for entry in registry.solvers.values()]
    paths += [path for entry in registry.problems.values() for path in (entry.build, entry.judge)]
    assert [path for path in paths if closure.source(path.partition(":")[0]) is None] == []
    assert [origin.file for origin in registry.origins.values() if not Path(origin.file).is_file()] == []


class Knot:
    """Garbage whose collection runs Python code, at which threads may switch."""

    def __init__(self):
        self.self = self

    def __del__(self):
        for _ in range(3):
            pass


@pytest.fixture
def hasty_switches():
    """Threads that interrupt each other a thousand times more often than usual, also within the parser."""
    usual, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(100)
    yield
    sys.setswitchinterval(usual)
    gc.set_threshold(*thresholds)


def test_threads_may_hash_at_the_same_time(hasty_switches):
    """Trials conclude in threads. Unguarded, the parser failed in three of four tries."""

    def hashed(path):
        Knot()
        return read_closure(path).digest

    paths = [f"mfbench.{name}:nothing" for name in ("trial", "session", "ranking", "report.league")] * 4
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(hashed, paths))) == 4


def test_packages_of_another_environment_count_by_their_versions(hashed, tmp_path, monkeypatch):
    """As with a venv that sees the system's packages, or a `.pth` file that names another environment's."""
    shared = tmp_path / "other" / "lib" / "site-packages"
    (shared / "lone_library").mkdir(parents=True)
    (shared / "lone_library" / "__init__.py").write_text("from lone_library import deep\n")
    (shared / "lone_library" / "deep.py").write_text("")
    monkeypatch.syspath_prepend(shared)
    hashed(problem="import lone_library\n" + MODULE.replace("FACTOR *", "lone_library.deep.FACTOR *"))
    seen = read_closure("package.problem:build")
    assert seen.foreign == {"lone_library"}
    assert all(shared not in file.parents for file in seen.files.values())


def test_a_later_python_sees_the_same_code():
    """Python 3.12 gave definitions a field `type_params`, which is empty where nobody uses it."""
    tree = ast.parse("@cache\ndef f(x, *, y=None, z):\n    return {**x, 'none': None, y: -1.5}\n")
    before = closure.written(tree)
    definition = tree.body[0]
    definition._fields = (*definition._fields, "type_params")
    definition.type_params = []
    assert closure.written(tree) == before
    definition.type_params = [ast.Name("T")]
    assert closure.written(tree) != before


SNIPPETS = (
    "f(None)", "f()", "f(x=None)", "f('None')", "f(b'None')", "f(1)", "f(1.0)", "f(True)", "f(-1)", "f(1j)", "f(...)",
    "x = []", "x = [[]]", "x = [None]", "x = ()", "x: int", "x: int = None", "def f(): pass", "def f(a=None): pass",
    "def f(*, a): pass", "def f(*, a=None): pass", "def f(a, /): pass", "def f(a): pass", "def f() -> None: pass",
    "def f(*a): pass", "def f(**a): pass", "{**x}", "{None: x}", "return", "return None", "x[:]", "x[None]", "x[::2]",
    "x[2:]", "x[:2]", "from . import a", "from .. import a", "from m import a", "from m import a as b", "raise", "raise E",
    "raise E from x", "raise E from None", "yield", "yield None", "class C: pass", "class C(B): pass", "class C(b=B): pass",
    "with a: pass", "with a as b: pass", "try: pass\nexcept: pass", "try: pass\nfinally: pass", "f'{x}'", "f'{x!r}'",
    "f'{x:{y}}'", "lambda: x", "lambda a: x", "if x: pass", "if x: pass\nelse: pass", "x = 'a'", "x = 'a', ",
)  # fmt: skip


def test_different_code_is_written_differently():
    """Leaving out what is empty makes no two of these alike."""
    for left, right in itertools.combinations(SNIPPETS, 2):
        assert closure.written(ast.parse(left)) != closure.written(ast.parse(right)), (left, right)


LONE = "lone_method.py"
USE = "def solve(problem, parameters, context):\n    yield "
UNSEEN = {
    "a decorator's register": (
        "KERNELS = {}\ndef kernel(f):\n    KERNELS[f.__name__] = f\n    return f\n"
        f"@kernel\ndef gauss(x):\n    return 2 * x\n{USE}KERNELS['gauss'](1)\n"
    ),
    "a decorator factory's register": (
        "KERNELS = {}\ndef kernel(name):\n    return lambda f: KERNELS.setdefault(name, f)\n"
        f"@kernel('g')\ndef _(x):\n    return 2 * x\n{USE}KERNELS['g'](1)\n"
    ),
    "a partial decorator's register": (
        "from functools import partial\nKERNELS = {}\ndef kernel(f, name):\n    KERNELS[name] = f\n"
        f"@partial(kernel, name='g')\ndef _(x):\n    return 2 * x\n{USE}KERNELS['g'](1)\n"
    ),
    "another module's register": (
        f"import register\n@register.put('g')\ndef _(x):\n    return 2 * x\n{USE}register.get('g')(1)\n"
    ),
    "a register that is called": (
        "from register import put, get\ndef gauss(x):\n    return 2 * x\n"
        f"kept = put('g', gauss)\n{USE}get('g')(1)\n"
    ),
    "an installed library's register": (
        f"import numpy\n@numpy.registered('g')\ndef _(x):\n    return 2 * x\n{USE}numpy.get('g')(1)\n"
    ),
    "an assignment into another module": f"import register\nregister.N = 2 * 1\nfrom register import get\n{USE}get()\n",
    "subclasses": (
        "class Kernel: pass\nclass Gauss(Kernel): pass\nclass Sharp(Gauss):\n    def f(self):\n        return 2 * 1\n"
        f"{USE}[k.__subclasses__()[0]().f() for k in Kernel.__subclasses__()]\n"
    ),
    "a subclass of another module's class": (
        f"import register\nclass Gauss(register.Kernel):\n    f = 2 * 1\n{USE}register.Kernel.__subclasses__()\n"
    ),
    "a base that hears of subclasses": (
        "KNOWN = []\nclass Kernel:\n    def __init_subclass__(cls):\n        KNOWN.append(cls)\n"
        f"class Gauss(Kernel):\n    f = 2 * 1\n{USE}KNOWN[0].f\n"
    ),
    "a walrus in an assignment": f"A = (B := 2 * 1)\n{USE}B\n",
    "a module's own __getattr__": (
        f"import sys\ndef __getattr__(name):\n    return 2 * 1\n{USE}sys.modules[__name__].FOO\n"
    ),
    "globals": f"def _a(x):\n    return 2 * x\n{USE}globals()['_a'](1)\n",
    "eval": f"def g():\n    return 2 * 1\n{USE}eval('g()')\n",
    "a global of a function": f"def start():\n    global T\n    T = 2 * 1\n{USE}T\n",
}  # fmt: skip
"""Code in which nothing that is reached by name says `2 *`."""


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Writes files and hashes a function of them."""
    monkeypatch.syspath_prepend(tmp_path)

    def hashed(files, path="lone_method:solve", parameters=NoParameters):
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        importlib.invalidate_caches()
        closure.forget()
        return code_hash(path, parameters)

    return hashed


@pytest.mark.parametrize("case", UNSEEN)
def test_code_that_is_used_without_its_name(beside, case):
    text = UNSEEN[case]
    assert beside({LONE: text}) != beside({LONE: text.replace("2 *", "3 *")})


def test_the_parameters_are_code(beside):
    """Their methods run in the solver, their checks before it, though `solve` names neither."""
    text = (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Parameters:\n    steps: int = 8\n"
        f"    def rate(self):\n        return 2 * self.steps\n{USE}parameters.rate()\n"
    )
    before = beside({LONE: text})
    parameters = importlib.import_module("lone_method").Parameters
    del sys.modules["lone_method"]
    hashes = [beside({LONE: one}, parameters=parameters) for one in (text, text.replace("2 *", "3 *"))]
    assert len({before, *hashes}) == 3


ELSEWHERE = {
    "the package of a module": (
        {LONE: f"import lib.a\n{USE}lib.F\n", "lib/a.py": "", "lib/__init__.py": "F = 2 * 1\n"}, "lib/__init__.py",
    ),
    "a module that the package imports": (
        {LONE: f"import lib.a\n{USE}lib.b.F\n", "lib/a.py": "", "lib/__init__.py": "from . import b\n",
         "lib/b.py": "F = 2 * 1"},
        "lib/b.py",
    ),
    "what a package does when it is imported": (
        {LONE: f"from lib.a import f\n{USE}f\n", "lib/a.py": "f = 1",
         "lib/__init__.py": "import numpy\nnumpy.seterr(2 * 1)\n"},
        "lib/__init__.py",
    ),
    "a definition with the name of a module": (
        {LONE: f"from lib import f\n{USE}f()\n", "lib/f.py": "", "lib/__init__.py": "def f():\n    return 2 * 1\n"},
        "lib/__init__.py",
    ),
    "a name that a helper takes back": (
        {LONE: f"import helper\ndef scale(x):\n    return 2 * x\n{USE}helper.f()\n",
         "helper.py": "def f():\n    from lone_method import scale\n    return scale(1)\n"},
        LONE,
    ),
    "a module that takes all back": (
        {LONE: f"import helper\ndef scale(x):\n    return 2 * x\n{USE}helper.f()\n",
         "helper.py": "import lone_method as me\ndef f():\n    return getattr(me, 'sc' + 'ale')(1)\n"},
        LONE,
    ),
    "import_module": (
        {LONE: f"import importlib\n{USE}importlib.import_module('helper').F\n", "helper.py": "F = 2 * 1"}, "helper.py",
    ),
    "__import__": ({LONE: f"{USE}__import__('helper').F\n", "helper.py": "F = 2 * 1"}, "helper.py"),
    "an import for its effect": (
        {LONE: f"import numpy, helper\n{USE}numpy.ones(1)\n", "helper.py": "import numpy\nnumpy.seterr(2 * 1)"}, "helper.py",
    ),
    "a name of the standard library": ({LONE: f"from turtle import F\n{USE}F\n", "turtle.py": "F = 2 * 1"}, "turtle.py"),
}  # fmt: skip


@pytest.mark.parametrize("case", ELSEWHERE)
def test_code_of_other_modules_that_is_run(beside, case):
    files, edited = ELSEWHERE[case]
    assert beside(files) != beside({edited: files[edited].replace("2 *", "3 *")})


OWN = {
    "own/__init__.py":
    "import numpy\nfrom .sibling import ENTRY\nfrom . import method\nSHARED = 1\nnumpy.seterr(all='raise')\n"
    "def hook():\n    return [ENTRY]\n",
    "own/sibling.py": "ENTRY = 1\n",
    "own/method.py": f"import own.blocks\nfrom . import SHARED\n{USE}SHARED, own.blocks.F\n",
    "own/blocks.py": "F = 1\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (
            "from . import method\n",
            "from . import method\nfrom . import late\n",
            False,
        ),  # for its effect, as far as one sees
        ("[ENTRY]", "[ENTRY, ENTRY]", True),
        ("SHARED = 1\n", "SHARED = 1\nOTHER = 2\n", True),
        ("SHARED = 1\n", "SHARED = 2\n", False),
        ("'raise'", "'warn'", False),
    ],
)
def test_of_the_package_of_the_method_what_is_asked_for_and_what_it_does_counts(beside, old, new, same):
    before = beside(OWN, "own.method:solve")
    text = OWN["own/__init__.py"]
    assert (beside({"own/__init__.py": text.replace(old, new)}, "own.method:solve") == before) is same


def test_text_after_an_assignment_documents_it(beside):
    text = f'N = 1\n"""How many."""\n{USE}N\n'
    assert beside({LONE: text}) == beside({LONE: text.replace("How many", "As many as there are")})


UNTOUCHED = {
    "an entry": "import mfbench\n@mfbench.hookimpl\ndef mfbench_solvers():\n    return [2 * 1]\n",
    "a cached function": "import functools\n@functools.cache\ndef other():\n    return 2 * 1\n",
    "a jitted function": "import jax\n@jax.jit\ndef other():\n    return 2 * 1\n",
    "a dataclass": "import dataclasses\n@dataclasses.dataclass\nclass Other:\n    n: int = 2 * 1\n",
    "an exception": "class Other(ValueError):\n    n = 2 * 1\n",
    "a subclass of an installed class": "import torch\nclass Other(torch.nn.Module):\n    n = 2 * 1\n",
    "a constant": "import numpy\nOTHER = numpy.sqrt(2 * 1)\ndef other():\n    return OTHER\n",
    "a computed constant": "def double(x):\n    return 2 * x\nOTHER = double(1)\ndef other():\n    return OTHER\n",
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_a_neighbour_does_not_count(beside, case):
    """A file may hold several methods, or a problem and its judge."""
    text = f"{UNTOUCHED[case]}{USE}1\n"
    assert beside({LONE: text}) == beside({LONE: text.replace("2 *", "3 *")})
