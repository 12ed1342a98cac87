"""Start-up: `mfbench --help` against `python -c pass`, interleaved, as a ratio of medians.

Prints the figure and exits with 1 if it is above the mark. Usage: python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

MARK = 8.0
ROUNDS = 21


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    program = Path(sysconfig.get_path("scripts")) / "mfbench"
    help_page, nothing = [program, "--help"], [sys.executable, "-c", "pass"]
    seconds(help_page)  # byte code is there from now on
    pairs = [(seconds(nothing), seconds(help_page)) for _ in range(ROUNDS)]
    ratio = median(pair[1] for pair in pairs) / median(pair[0] for pair in pairs)
    held = ratio <= MARK
    print(f"mfbench --help / python -c pass: {ratio:.2f}, mark {MARK}: {'holds' if held else 'missed'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
