"""Rates of an independent 801-node finite-volume program, printed before these references were made.

Its plane is cut to [-1.5, 1] x [-.5, 2] for the rugged potential; ours is then cut alike. Its own
error bar is 5e-5 (3e-4 at T = 40, where the box cuts through mass); five or six digits were printed.
"""

from dataclasses import replace

import pytest

from mfbench_committor import mueller, rugged_mueller
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.entries.rugged_mueller import RuggedMuellerParameters

pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")

from mfbench_committor.references.finite_elements import solve

pytestmark = pytest.mark.slow

WHOLE = None
BOX = {"lower": (-1.5, -0.5), "upper": (1.0, 2.0)}
PRINTED = {
    # module, temperature, box: nu, rhoA, relative error bar of nu
    "mueller-5": (mueller, MuellerParameters(temperature=5.0), WHOLE, 1.45057e-7, 0.999528, 5e-5),
    "mueller-10": (mueller, MuellerParameters(), WHOLE, 4.91431e-3, 0.974566, 5e-5),
    "rugged-10": (rugged_mueller, RuggedMuellerParameters(), BOX, 4.60216e-3, 0.973678, 5e-5),
    "rugged-20": (rugged_mueller, RuggedMuellerParameters(temperature=20.0), BOX, 0.58921, 0.820032, 5e-5),
    "rugged-40": (rugged_mueller, RuggedMuellerParameters(temperature=40.0), BOX, 4.4692, 0.663418, 4e-4),
}


@pytest.mark.parametrize("case", PRINTED)
def test_printed_rates(case):
    module, parameters, box, rate, mean_p, error = PRINTED[case]
    problem = module.planar_problem(parameters)
    law = problem.law if box is WHOLE else replace(problem.law, box=replace(problem.law.box, **box))
    field = solve(law, problem.spacing, 1)
    assert field.dirichlet / problem.beta == pytest.approx(rate, rel=error)
    assert field.mean_p == pytest.approx(mean_p, rel=error)


def test_the_box_matters_where_it_is_hot():
    """Against the whole plane nu is 7.8 % larger in the box at T = 40, and 4e-6 smaller at T = 10."""
    ratios = {}
    for temperature in (10.0, 40.0):
        problem = rugged_mueller.planar_problem(RuggedMuellerParameters(temperature=temperature))
        boxed = replace(problem.law, box=replace(problem.law.box, **BOX))
        rates = [solve(law, problem.spacing, 1).dirichlet for law in (boxed, problem.law)]
        ratios[temperature] = rates[0] / rates[1] - 1
    assert ratios[40.0] == pytest.approx(0.0776, abs=5e-4)
    assert ratios[10.0] == pytest.approx(-4.3e-6, abs=5e-7)
