"""The stored references by simulation: whole, true to their files, and reproduced by another integrator."""

import hashlib
import json
import math
from importlib import import_module, resources

import numpy as np
import pytest
from scipy.stats import chi2

from mfbench.tasks.judging import Answers
from mfbench_committor import ginzburg_landau
from mfbench_committor.shooting import store
from mfbench_committor.shooting.judge import shot_judge
from mfbench_committor.shooting.reference import SIGMAS
from mfbench_committor.shooting.standing import ENTRIES, standing_problems

DATA = resources.files("mfbench_committor").joinpath("shot_data")
STANDING = {stem: problem for family in ENTRIES for stem, problem in standing_problems(family).items()}
FIRST = {
    import_module(entry.build.partition(":")[0]).shooting_problem(entry.parameters(**overrides)).stem
    for entry in ENTRIES.values()
    for overrides in entry.instances["standard"][:1]
}
SHORT = "ginzburg-landau-dim_8-temperature_1.4-width_0.17"


@pytest.fixture(params=STANDING)
def problem(request):
    return STANDING[request.param]


def test_files_and_standing_instances_are_the_same():
    assert {path.name for path in DATA.iterdir()} == {
        f"{s}{end}" for s in STANDING for end in (".npz", ".json")
    }


def test_files_are_what_their_records_say(problem):
    about = json.loads(DATA.joinpath(f"{problem.stem}.json").read_text(encoding="utf-8"))
    content = DATA.joinpath(f"{problem.stem}.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == about["sha256"]
    assert len(content) < 1_000_000
    assert {"command", "versions", "seed", "time step", "passages", "steps"} <= set(about)
    assert about["time step"] == problem.step
    assert about["shots"] == problem.shots >= 200


def test_points_lie_outside_the_sets_and_pieces_are_many(problem):
    stored, system = store.load(problem.stem), problem.make_system()
    assert len(stored.x) == problem.base_points
    assert len(stored.x) * (1 + len(problem.symmetries)) >= 1000
    for gap in system.gaps(np.ascontiguousarray(stored.x.T, np.float32)):
        assert np.all(gap > 0)
    assert len(np.unique(stored.pieces)) > 0.7 * problem.base_points


def test_judge_makes_sense(problem):
    """The best constant is far off, the shots themselves are not, and the second set sits at the floor."""
    judge = shot_judge(problem)
    assert 0.1 < judge.constant_wrmse < 0.5
    assert judge.rate.tolerance < 0.15 * judge.rate.value
    assert judge.floor < 0.06
    assert judge.field.tolerance < 0.03
    second = judge.metrics(Answers(looks=judge.points.second))
    assert second["wrmse_high"].value == judge.floor
    assert judge.headline(judge.points.share).value == 0


def test_walkers_have_forgotten_their_starts_before_they_are_looked_at(problem):
    """Half start in each set. What is left of that falls as exp(-(k_AB + k_BA) t), k_AB = nu / rhoA and k_BA = nu / rhoB;
    where a symmetry exchanges A and B, half is right."""
    if any(exchanges for _, exchanges in problem.symmetries):
        pytest.skip("half of the time belongs to each")
    stored = store.load(problem.stem)
    share, error = stored.record["mean and standard error"]["rhoA"]
    pace = stored.rate / share + stored.rate / (1.0 - share)
    first, watched = math.exp(-pace * problem.burn_in), pace * problem.time
    left = abs(share - 0.5) * first * -math.expm1(-watched) / watched
    assert left < 0.1 * SIGMAS * error, "a tenth of the error bar, in the mean over all looks"


def test_shares_obey_the_symmetry_of_the_reactive_law(problem):
    """q and 1 - q have the same law there (A and B are images of each other): mean 1/2 within 4 sigma of pieces."""
    if not any(exchanges for _, exchanges in problem.symmetries):
        pytest.skip("A and B are no images of each other")
    stored = store.load(problem.stem)
    sums = np.bincount(stored.pieces, stored.in_b / stored.shots - 0.5)
    assert abs(np.sum(sums)) < 4 * math.sqrt(np.sum(sums**2))


def test_the_two_sets_agree_but_for_noise_and_step(problem):
    """The excess over the noise is at most three times the stored effect; the difference is not suspiciously small."""
    stored = store.load(problem.stem)
    n, p, s = stored.shots, stored.in_b / stored.shots, stored.second / stored.shots
    noise = (p * (1 - p) + s * (1 - s)) / (n - 1)
    excess = np.mean((p - s) ** 2 - noise)
    assert excess < (3 * stored.field_error) ** 2
    assert chi2.cdf(np.sum((p - s)[noise > 0] ** 2 / noise[noise > 0]), np.count_nonzero(noise)) > 1e-4


def euler(problem, x, step, rng):
    """(n,) -1 or 1 for (n, d) starts by Euler-Maruyama in float64 with numpy's normals, forces and distances by hand."""
    dim, width = problem.values["dim"], problem.values["width"]
    matrix, centre = ginzburg_landau.stiffness(dim, width), ginzburg_landau.minimum(dim, width)
    beta, radius = 1 / problem.values["temperature"], ginzburg_landau.ball_radius(dim)

    def distances(x):
        return [np.linalg.norm(x - side * centre, axis=1) - radius for side in (-1, 1)]

    x, running, ends, gaps = x.copy(), np.arange(len(x)), np.zeros(len(x), int), distances(x)
    while len(running):
        x = x + step * (x * (1 - x * x) / width - x @ matrix)
        x += math.sqrt(2 * step / beta) * rng.standard_normal(x.shape)
        before, gaps = gaps, distances(x)
        met = [
            (new <= 0) | (rng.random(len(x)) < np.exp(-np.maximum(old * new, 0) * beta / step))
            for old, new in zip(before, gaps, strict=True)
        ]
        ends[running[met[0]]], ends[running[met[1]]] = -1, 1
        kept = ~(met[0] | met[1])
        x, running, gaps = x[kept], running[kept], [gap[kept] for gap in gaps]
    return ends


@pytest.mark.parametrize(
    ("stem", "step"),
    [
        (SHORT, 5e-4),
        pytest.param("ginzburg-landau-dim_50-temperature_16-width_0.03", 2e-4, marks=pytest.mark.slow),
        pytest.param("ginzburg-landau-dim_50-temperature_8-width_0.03", 4e-4, marks=pytest.mark.slow),
    ],
)
def test_shots_by_another_integrator(stem, step, chance_of_shots):
    """100 fresh shots from each of 20 stored points; chi-square of two binomials, false-alarm rate 1e-4."""
    problem, rng, count = STANDING[stem], np.random.default_rng(2), 100
    stored = store.load(stem)
    ends = euler(problem, np.repeat(stored.x[:20], count, axis=0), step, rng)
    assert chance_of_shots(ends, stored) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("stem", sorted(FIRST))
def test_the_command_makes_the_same_reference(stem, tmp_path):
    """Other rounding may send paths apart; so the rate within its error bar, and the points' number."""
    from click.testing import CliRunner

    from mfbench_committor.shooting.__main__ import main

    family = next(f for f in ENTRIES if stem.startswith(f))
    done = CliRunner().invoke(main, ["--into", str(tmp_path), "--only", stem, family])
    assert done.exit_code == 0, done.output
    made = json.loads(tmp_path.joinpath(f"{stem}.json").read_text(encoding="utf-8"))
    stored = store.load(stem)
    assert abs(made["rate"] - stored.rate) < made["rate_error"] + stored.rate_error
