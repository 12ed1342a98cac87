"""Seeds: stable for ever, paired between solvers, apart otherwise."""

from __future__ import annotations

import itertools
import subprocess
import sys

from mfbench.seeds import problem_seed, seed_of, solver_seed


def test_published_results_keep_their_seeds():
    """Changing these numbers changes the data of every repetition that was ever published."""
    assert problem_seed("committor/arc", 0) == 3857200821153851177
    assert solver_seed("committor/arc", "is-sgd", 0) == 3944624038397111630


def test_the_same_in_every_process():
    """Python's own `hash` of texts is not."""
    code = "from mfbench.seeds import problem_seed; print(problem_seed('committor/arc', 3))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"})
    assert int(done.stdout) == problem_seed("committor/arc", 3)


def test_every_name_and_their_order_count():
    names = ["problem", "solver", "a", "b", 0, 1, "0", "ab", ""]
    seeds = [seed_of(*pair) for pair in itertools.product(names, repeat=2)] + [
        seed_of(name) for name in names
    ]
    seeds += [seed_of("a", "b", ""), seed_of("a", "b", 0)]
    assert len(set(seeds)) == len(seeds)


def test_problem_data_are_paired_between_solvers_and_solvers_apart():
    assert problem_seed("committor/arc", 0) != problem_seed("committor/arc", 1)
    assert problem_seed("committor/arc", 0) != problem_seed("committor/ring", 0)
    seeds = {
        solver_seed(problem, solver, repetition)
        for problem in ("committor/arc", "committor/ring")
        for solver in ("is-sgd", "constant")
        for repetition in range(50)
    }
    assert len(seeds) == 200
    assert not seeds & {problem_seed("committor/arc", repetition) for repetition in range(50)}


def test_seeds_fit_a_signed_64_bit_integer_and_fill_it():
    seeds = [problem_seed("committor/arc", repetition) for repetition in range(400)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    # 400 fair bits: a share outside .35 to .65 has probability below 4e-9 for each of the 63 positions.
    for bit in range(63):
        assert 0.35 < sum(seed >> bit & 1 for seed in seeds) / 400 < 0.65
