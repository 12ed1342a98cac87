"""The joint law of a study, as tables and a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mfbench.labels import plain
from mfbench.report.figures import UNKNOWN, bounds, figure
from mfbench.report.sheets import Sheet, without_empty_columns
from mfbench.studies.findings import Fit, Joint
from mfbench.studies.verdicts import CONSISTENT, NOT_CONSISTENT


def joint_sheets(joint: Joint) -> Iterator[Sheet]:
    """Its coefficients with the verdict, and how far the points of every arm are from it."""
    header = ("term", "coefficient", "interval", "theory", "points", "verdict")
    verdict = f"{joint.verdict}: {joint.because}" if joint.because else joint.verdict
    lines = [
        (
            one.name,
            figure(one.estimate),
            bounds(one.low, one.high) if joint.interval else UNKNOWN,
            "> 0" if one.positive else UNKNOWN,
        )
        for one in joint.coefficients
    ] or [("none", UNKNOWN, UNKNOWN, UNKNOWN)]
    last = (f"{joint.used}/{joint.values}", verdict)
    yield without_empty_columns(
        Sheet(
            caption=f"Fitted to all arms: {joint.formula}",
            header=header,
            words=frozenset({"term", "interval", "theory", "verdict"}),
            lines=tuple((*line, *(last if i == 0 else (UNKNOWN,) * 2)) for i, line in enumerate(lines)),
            best=frozenset({0} if joint.verdict == CONSISTENT else ()),
            failed=frozenset({0} if joint.verdict == NOT_CONSISTENT or joint.reason else ()),
        )
    )
    if joint.shares:
        yield Sheet(
            caption="Points beside the joint law",
            header=("arm", "value", "measured", "law", "residual"),
            words=frozenset({"arm"}),
            lines=tuple(
                (one.arm, plain(one.value), figure(one.y), figure(one.law),
                 UNKNOWN if one.residual is None else f"{one.residual:+.1%}")
                for one in joint.shares
            ),
        )  # fmt: skip


def joint_note(joint: Joint) -> str:
    """How it was fitted, and how well."""
    text = f"joint law: relative least squares, {joint.each:.2%} intervals, so that all coefficients hold together"
    residuals = [one.residual for one in joint.shares if one.residual is not None]
    if residuals:
        text += f"; root mean square of the residuals {np.sqrt(np.mean(np.square(residuals))):.1%}"
    if joint.coefficients:
        test = "untested" if joint.bend is None else f"p = {figure(joint.bend, 2)}"
        text += f"; lack of fit (F test): {test}"
    return f"{text}."


def joint_fits(joint: Joint) -> Iterator[Fit]:
    """Its coefficients in the form of fits, the term in the place of the arm: lines of a CSV; one if there are none."""
    if not joint.coefficients:
        yield Fit(arm="", time=None, used=joint.used, values=joint.values, reason=joint.because)
    for one in joint.coefficients:
        yield Fit(
            arm=one.name, time=None, estimate=one.estimate, low=one.low, high=one.high, interval=joint.interval,
            used=joint.used, values=joint.values, least_seeds=joint.least_seeds, bend=joint.bend, reason=joint.because,
        )  # fmt: skip
