"""How often the intervals of `mfbench study` hold the truth, and how often its verdicts are wrong; simulated.

Every line: studies of a known law with noise of a known kind, fitted as `mfbench study` does. "holds" is the share of
intervals with the true number inside (asked: 95 %), "bent" that of lacks of fit at the 1 % level though the law holds.
Usage: python benchmarks/study_intervals.py [--studies N]
"""

import argparse

import numpy as np

from mfbench import fits, resampling

X = np.array([32.0, 64.0, 128.0, 256.0, 512.0, 1024.0])


def normal(rng, shape):
    return 0.3 * rng.standard_normal(shape)


def heavy(rng, shape):
    return 0.2 * rng.standard_t(3, shape)


def uneven(rng, shape):
    """Five times as much at the last value as at the first one."""
    return 0.1 * np.geomspace(1.0, 5.0, shape[0])[:, None] * rng.standard_normal(shape)


def skewed(rng, shape):
    return rng.exponential(0.3, shape)


def shared(rng, shape):
    """A seed is as hard at all values."""
    return 0.3 * rng.standard_normal(shape[1]) + 0.1 * rng.standard_normal(shape)


def own(rng, shape):
    """A seed has an exponent of its own."""
    along = np.log(X) - np.log(X).mean()
    return 0.1 * rng.standard_normal(shape[1]) * along[:, None] + 0.1 * rng.standard_normal(shape)


CASES = [
    (law, statistic, noise, seeds)
    for law, statistic in (
        ("power", "geometric-mean"),
        ("power", "mean"),
        ("power", "median"),
        ("power", "variance"),
    )
    for noise in (normal, heavy, skewed, uneven, shared, own)
    for seeds in (3, 5, 10, 40)
    if not (statistic == "variance" and (seeds < 10 or noise is not normal))
    and not (statistic == "mean" and noise in (uneven, own))
] + [("power-with-floor", "geometric-mean", normal, seeds) for seeds in (5, 20)]


def one(law, statistic, noise, seeds, rng):
    """Whether the interval of one study holds the truth, and whether its points seem bent; truth: a = -1."""
    true = 3.0 / X + (0.01 if law == "power-with-floor" else 0.0)
    if statistic == "variance":
        samples = np.sqrt(true)[:, None] * rng.standard_normal((len(X), seeds))
    else:
        samples = true[:, None] * np.exp(noise(rng, (len(X), seeds)))
    rows = list(samples)
    y = resampling.centres(statistic, rows)
    draws = resampling.resampled(statistic, rows, 2000)
    curve = fits.fit(law, X, y)
    low, high = resampling.interval(fits.estimates(law, X, draws), curve.estimate, 0.95, seeds)
    bent = resampling.bend(curve, X, y, draws, seeds)
    return low <= -1.0 <= high, bent is not None and bent < 0.01, high - low


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    print("| law | statistic | noise | seeds | holds | bent | mean length |\n|---|---|---|---|---|---|---|")
    for law, statistic, noise, seeds in CASES:
        rng = np.random.default_rng(1)
        number = studies if law == "power" else studies // 5
        found = np.array([one(law, statistic, noise, seeds, rng) for _ in range(number)])
        holds, bent, length = found.mean(axis=0)
        kind = "of the solution" if statistic == "variance" else noise.__name__
        print(
            f"| {law} | {statistic} | {kind} | {seeds} | {holds:.1%} | {bent:.1%} | {length:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
