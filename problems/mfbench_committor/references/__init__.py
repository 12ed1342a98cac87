"""Committors by finite elements on grids that fit the sets: `python -m mfbench_committor.references mueller`."""
