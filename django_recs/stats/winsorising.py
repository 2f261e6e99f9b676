"""A cap for money: one order of a hundred thousand should not decide an experiment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REVENUE_QUANTILE = 0.99
COUNT_QUANTILE = 0.999


@dataclass(frozen=True, kw_only=True)
class Cap:
    """Where values are cut, and what that leaves out of sight."""

    value: float
    share_above: float
    """Share of the sum of all values that lies above the cap and is not counted. It changes what is estimated, so it is
    shown beside each capped figure."""


def find_cap(values: npt.ArrayLike, *, quantile: float = REVENUE_QUANTILE) -> Cap | None:
    """The cap from units of a past period: a quantile of the values above 0, since most units spend nothing at all.

    It has to be fixed before the experiment starts and is the same for both arms. None where no value is above 0.

    Args:
        values: (n,) one total for each unit, at least 0.
        quantile: of the values above 0, by linear interpolation; `REVENUE_QUANTILE`, or `COUNT_QUANTILE` for counts.
    """
    totals = np.asarray(values, dtype=np.float64)
    spent = totals[totals > 0]
    if not len(spent):
        return None
    value = float(np.quantile(spent, quantile))
    return Cap(value=value, share_above=float(np.maximum(spent - value, 0).sum() / spent.sum()))


def winsorise(values: npt.ArrayLike, cap: Cap | None) -> npt.NDArray[np.float64]:
    """The values, none above the cap. In SQL the same is LEAST(value, cap)."""
    totals = np.asarray(values, dtype=np.float64)
    return totals if cap is None else np.minimum(totals, cap.value)
