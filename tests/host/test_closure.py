"""The hash of the code behind a function changes with what can change a result, and with nothing else."""

from __future__ import annotations

import sys

import pytest

from mfbench.closure import code_hash

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
        code_hash.cache_clear()
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
