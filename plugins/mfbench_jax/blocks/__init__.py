"""Building blocks of the solvers in this package; each file one idea, pure functions on pytrees of arrays."""
