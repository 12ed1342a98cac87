"""`python -m mfbench` is `mfbench`."""

from mfbench.cli import main

main(prog_name="mfbench")
