"""Quantiles and 95 % intervals, of one value and of many at once: the same to the last bit."""

from math import sqrt

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Z = 1.959963984540054


def percentile(grouped: Floats, starts: Ints, counts: Ints, percent: int) -> Floats:
    """PERCENTILE_CONT (Hyndman-Fan type 7) of ascending runs: at p·(n−1), linear in between."""
    hundredths = percent * (counts - 1)
    below = hundredths // 100
    above = np.minimum(below + 1, counts - 1)
    low = grouped[starts + below]
    high = grouped[starts + above]
    found: Floats = low + hundredths % 100 * (high - low) / 100
    return found


def median_intervals(grouped: Floats, starts: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """The 95 % intervals of the medians of ascending runs, from ranks: no shape is assumed. Fewer than six
    values have none (NaN).
    """
    ranks = np.floor((counts + 1 - Z * np.sqrt(counts)) / 2).astype(np.int64)
    known = ranks > 0
    inner = np.where(known, ranks, 1) - 1
    low = np.where(known, grouped[starts + inner], np.nan)
    high = np.where(known, grouped[starts + counts - 1 - inner], np.nan)
    return low, high


def balances(totals: Floats, sided: Floats, n: Ints) -> tuple[Floats, Floats]:
    """The 95 % margins around differences of shares, in percent."""
    net = totals / n
    margin = 100 * Z * np.sqrt(np.maximum(sided / n - net * net, 0.0) / n)
    return 100 * net - margin, 100 * net + margin


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The Wilson 95 % interval of a share, in percent, without continuity correction."""
    share = successes / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)


def wilsons(successes: Floats, n: Ints) -> tuple[Floats, Floats]:
    """`wilson` of many shares."""
    share = successes / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return 100 * np.maximum(0.0, centre - half), 100 * np.minimum(1.0, centre + half)
