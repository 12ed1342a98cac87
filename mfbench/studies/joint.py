"""One law for the points of all arms: y = sum_j C_j t_j, the terms t_j known functions of a trial's settings.

Least squares of relative errors: weights are 1 / y, and then one over the law that was found with these, so that what chance
made small does not weigh more. With the weights held, C is linear in y, and so is its bootstrap over whole seeds. Signs are
free: an interval shall be able to say that a term is not needed. A point that two arms share counts once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from mfbench import resampling
from mfbench.labels import plain
from mfbench.record import finite
from mfbench.studies import findings as found
from mfbench.studies.arms import Group
from mfbench.studies.findings import Coefficient, Joint, Point, Share
from mfbench.studies.verdicts import judge_joint
from mfbench.study import StudyEntry, Term
from mfbench.study_contract import LEAST_SEEDS

Measured = Sequence[tuple[Group, Point, np.ndarray]]
"""Of all arms: trials, the point that they make, and its sample."""


def fit_joint(entry: StudyEntry, measured: Measured) -> Joint:
    """The joint law of a study with its intervals and its verdict; or why there is none."""
    joint = _fitted(entry, measured)
    verdict, because = judge_joint(joint, entry.least_seeds)
    return msgspec.structs.replace(joint, verdict=verdict, because=because)


def _fitted(entry: StudyEntry, measured: Measured) -> Joint:
    once = {group.keys: (group, point, sample) for group, point, sample in measured}
    used = [one for one in once.values() if one[1].state == found.USED]
    least = min((point.seeds for _, point, _ in used), default=0)
    each = 1.0 - (1.0 - entry.confidence) / len(entry.joint)
    joint = Joint(
        formula=f"y = {' + '.join(term.name for term in entry.joint)}",
        each=each, used=len(used), values=len(once), least_seeds=least,
    )  # fmt: skip
    reason = next((f"{p.state} at {entry.swept.partition('.')[2]} = {plain(p.value)} of {p.arm}"
                   for _, p, _ in once.values() if p.state == found.NOT_POSITIVE), "")  # fmt: skip
    table = np.empty((0, len(entry.joint)))
    if not reason:
        try:
            table = np.array([terms_at(entry.joint, group) for group, _, _ in used]).reshape(
                len(used), len(entry.joint)
            )
        except Exception as error:  # a plugin's own function
            reason = f"a term of the joint law: {type(error).__name__}: {error}"
    if not reason:
        reason = flaw(table, len(entry.joint))
    if reason:
        return msgspec.structs.replace(joint, reason=reason)
    y = np.array([point.y for _, point, _ in used], dtype=float)
    solve = solver_of(table, y)
    values = solve @ y
    law = table @ values
    laws = {group.keys: float(one) for (group, _, _), one in zip(used, law, strict=True)}
    shares = tuple(_share(point, laws[group.keys]) for group, point, _ in measured if group.keys in laws)
    bounds: list[tuple[float, float]] = [(math.nan, math.nan)] * len(values)
    bend = None
    if least >= LEAST_SEEDS:
        draws = resampling.resampled(entry.statistic, [sample for _, _, sample in used])
        replicates = draws @ solve.T
        bounds = [
            resampling.interval(replicates[:, j], float(values[j]), each, least) for j in range(len(values))
        ]
        bend = resampling.lack_of_fit(law, table / law[:, None], y, draws, least)
    coefficients = tuple(
        Coefficient(
            name=term.name,
            positive=term.positive,
            estimate=float(value),
            low=finite(low),
            high=finite(high),
        )
        for term, value, (low, high) in zip(entry.joint, values, bounds, strict=True)
    )
    return msgspec.structs.replace(
        joint, coefficients=coefficients, interval=least >= LEAST_SEEDS, bend=bend, shares=shares
    )


def terms_at(terms: Sequence[Term], group: Group) -> list[float]:
    """The terms' known parts, of the settings of a group."""
    settings: Mapping[str, object] = {
        f"problem.{name}": value for name, value in group.parameters.items()
    } | {f"solver.{name}": value for name, value in group.settings.items()}
    return [float(term.of(settings)) for term in terms]


def flaw(table: np.ndarray, terms: int) -> str:
    """Why these terms, (K, terms), cannot be told from each other at these points; "" if they can."""
    if len(table) < terms:
        return f"{len(table)} points can be used; the joint law needs {terms} at least"
    if not np.all(np.isfinite(table)):
        return "a term of the joint law is not finite"
    sizes = np.linalg.norm(table, axis=0)
    if np.any(sizes == 0.0) or np.linalg.matrix_rank(table / sizes, tol=1e-8) < terms:
        return "the points do not tell the terms of the joint law from each other"
    return ""


def solver_of(table: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The matrix (terms, K) that makes coefficients of points (K,) near those given."""
    law = y
    for _ in range(2):
        size = np.linalg.norm(table / law[:, None], axis=0)
        solve: np.ndarray = np.linalg.pinv(table / law[:, None] / size) / size[:, None] / law
        again = table @ (solve @ y)
        if not np.all(again > 0):
            break
        law = again
    return solve


def _share(point: Point, law: float) -> Share:
    y = float(point.y or 0.0)
    residual = y / law - 1.0 if law > 0 else None
    return Share(arm=point.arm, value=point.value, x=point.x, y=y, law=law, residual=residual)
