"""Builds wheels of a base commit and of this tree, and runs `mfbench ab` on them.

Usage: python benchmarks/ab.py [options of `mfbench ab`]. The base is the commit that MFBENCH_BASE names, else the merge base
with main. Exit codes are those of `mfbench ab`; 2 where there is no base, or a wheel cannot be built.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

TREE = Path(__file__).resolve().parent.parent
MAINS = ("main", "origin/main")


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A git command on this tree."""
    return subprocess.run(["git", "-C", str(TREE), *arguments], capture_output=True, check=False)


def base_commit() -> str:
    """The commit to compare with."""
    wanted = os.environ.get("MFBENCH_BASE")
    tries = (
        [("rev-parse", "--verify", f"{wanted}^{{commit}}")]
        if wanted
        else [("merge-base", "HEAD", m) for m in MAINS]
    )
    for arguments in tries:
        found = git(*arguments)
        if found.returncode == 0:
            return found.stdout.decode().strip()
    missing = (
        f"MFBENCH_BASE: no commit {wanted!r} here" if wanted else f"no merge base with {' or '.join(MAINS)}"
    )
    return leave(f"{missing}; fetch it, or name a commit in MFBENCH_BASE.")


def wheel(source: Path, folder: Path) -> str:
    """A wheel of a source tree."""
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            str(folder),
            str(source),
        ],
        check=False,
    )
    if built.returncode != 0:
        leave(f"{source}: no wheel could be built.")
    return str(next(folder.glob("*.whl")))


def leave(sentence: str) -> NoReturn:
    """End as with bad input."""
    print(f"Error: {sentence}", file=sys.stderr)
    sys.exit(2)


def main() -> int:
    """Build both, run, and pass on the exit code."""
    commit = base_commit()
    with tempfile.TemporaryDirectory(prefix="mfbench-wheels-") as name:
        folder = Path(name)
        source = folder / "source"
        source.mkdir()
        archive = git("archive", commit)
        subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
        sides = [wheel(source, folder / "base"), wheel(TREE, folder / "head")]
        print(f"base: {commit[:12]}", flush=True)
        suite = (
            []
            if any(word.endswith(".toml") for word in sys.argv[1:])
            else [str(TREE / "benchmarks" / "ab.toml")]
        )
        return subprocess.run(
            [sys.executable, "-m", "mfbench", "ab", *sides, *suite, *sys.argv[1:]], check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
