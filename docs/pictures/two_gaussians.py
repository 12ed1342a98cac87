"""Draw the least risk on two Gaussians against Delta, and what 800 units have reached, from the benchmark's output.

Usage: python benchmarks/two_gaussians.py > docs/pictures/two-gaussians.txt; python docs/pictures/two_gaussians.py
"""

import re
from pathlib import Path

import matplotlib
import numpy as np

from mfbench_regression.two_gaussians_limit import critical_delta, finite_limit, limiting_risk

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "two-gaussians"
import matplotlib.pyplot as plt  # noqa: E402

HERE = Path(__file__).parent
GAP = re.compile(r"Delta = ([\d.]+), seed (\d+), time +[\d.]+: gap ([-\d.]+) ")
DIM = 320


def final_gaps(text: str) -> list[tuple[float, float]]:
    """(Delta, last gap) of every seed."""
    last = {(float(delta), seed): float(gap) for delta, seed, gap in GAP.findall(text)}
    return [(delta, gap) for (delta, _), gap in last.items()]


def main() -> None:
    """Read two-gaussians.txt, write two-gaussians.svg."""
    deltas = np.linspace(0.15, 0.6, 46)
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    axes.plot(deltas, [limiting_risk(delta) for delta in deltas], "k-", label="least risk, d to infinity")
    for dim, style in ((DIM, "C0--"), (40, "C1:")):
        axes.plot(
            deltas, [finite_limit(dim, delta).risk for delta in deltas], style, label=f"least risk, d = {dim}"
        )
    measured = final_gaps((HERE / "two-gaussians.txt").read_text())
    reached = [(delta, finite_limit(DIM, delta).risk + gap) for delta, gap in measured]
    axes.plot(*zip(*reached, strict=True), "C3o", mfc="none", label=f"800 units, d = {DIM}, each seed")
    axes.axvline(critical_delta(), color="0.7", lw=0.8)
    axes.set(xlabel="Delta", ylabel="risk E (y - f)^2", yscale="log", ylim=(1e-4, 1.0))
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(HERE / "two-gaussians.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
