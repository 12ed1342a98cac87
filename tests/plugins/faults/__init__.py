"""Solvers for every fault that a trial must survive, a module for each kind; see `faulty_plugin.py`."""
