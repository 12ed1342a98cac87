"""Base and head as interpreters: given ones, or made for a wheel."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mfbench.labels import printable
from mfbench.request import BadRequest

LAST_WORDS = 400
"""Characters of what a failing command said that are passed on."""

PATIENCE = 600.0
"""Seconds that an installation may take."""

ASK = """
import importlib.util, json, sys
import mfbench
from mfbench.record import PROTOCOL
plans = importlib.util.find_spec("mfbench.plan_document") is not None
print(json.dumps([mfbench.__file__, PROTOCOL, plans]))
"""


@dataclass(frozen=True)
class Side:
    """One of the two installations.

    Args:
        name: "base" or "head".
        given: as the user said it.
        python: the interpreter.
        package: folder of its mfbench.
        protocol: number of the rules under which it runs trials.
        plans: it can say which cells it has (`mfbench.plan_document`).
    """

    name: str
    given: str
    python: str
    package: str
    protocol: int
    plans: bool

    @property
    def words(self) -> str:
        """What it is, for a table."""
        return printable(f"{self.given} (mfbench in {self.package})")


def environment() -> dict[str, str]:
    """The environment of a side: it sees its own installation, never the caller's folder or PYTHONPATH."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "PYTHONSAFEPATH": "1"
    }


def open_side(name: str, given: str, folder: Path) -> Side:
    """The side that a user named.

    Args:
        name: "base" or "head".
        given: an interpreter, or a wheel (`.whl`), which is installed below the folder.
        folder: a temporary one.

    Raises:
        BadRequest: neither of both, or mfbench cannot be imported there.
    """
    if given.endswith(".whl"):
        python = install(Path(given), folder / name)
    else:
        found = shutil.which(given)
        if found is None:
            raise BadRequest(f"{name}: got {given!r}; expected an interpreter (a python) or a wheel (*.whl).")
        python = str(Path(found).absolute())  # not resolved: a link's place says which environment it is
    failed = f"{name}: {given} cannot import mfbench"
    said = called([python, "-c", ASK], failed, folder)
    try:
        # The last line: what a site's own start-up code prints comes before.
        package, protocol, plans = msgspec.json.decode(said.splitlines()[-1], type=tuple[str, int, bool])
    except (IndexError, msgspec.MsgspecError):
        answer = repr(last_words(said)) if said else "nothing"
        raise BadRequest(f"{failed}: it answered {answer}; expected an interpreter (a python).") from None
    return Side(name, given, python, str(Path(package).parent), protocol, plans)


def install(wheel: Path, folder: Path) -> str:
    """An environment with a wheel, and what this interpreter has beside mfbench; returns its interpreter.

    Packages that the wheel needs and that are not here are installed by pip.

    Raises:
        BadRequest: no such wheel, or pip fails.
    """
    if not wheel.is_file():
        raise BadRequest(f"{wheel}: no such wheel.")
    venv.create(folder, system_site_packages=True, symlinks=True)
    python = folder / "bin" / "python"
    own = called(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], str(wheel), folder
    )
    # Behind the environment's own packages on the path, so the wheel comes first.
    shared = [
        path for path in (*site.getsitepackages(), sysconfig.get_path("purelib")) if Path(path).is_dir()
    ]
    Path(own.strip(), "shared.pth").write_text("\n".join(dict.fromkeys(shared)) + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    failed = f"{wheel}: cannot be installed"
    called([*pip, "--ignore-installed", "--no-deps", str(wheel.absolute())], failed, folder)
    name, version = re.split(r"-", wheel.name)[:2]
    called([*pip, f"{name}=={version}"], failed, folder)
    return str(python)


def called(command: list[str], failed: str, folder: Path) -> str:
    """What a command prints.

    Raises:
        BadRequest: it failed; with the end of what it said.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadRequest(f"{failed}: {error}") from error
    if done.returncode != 0:
        raise BadRequest(f"{failed}: {last_words(done.stderr)}")
    return done.stdout


def last_words(text: str) -> str:
    """The end of what a command said, in one line."""
    return " ".join(text.split())[-LAST_WORDS:]
