"""Building blocks of the solvers in this package; each file one idea, functions of tensors on any device."""
