"""Committors and rates by simulation, where no formula is known: `python -m mfbench_committor.shooting`."""
