"""What an experiment's arm is to statistics: the number of its units, and sums of their values and of products."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Sums over n units of k values each, such as (revenue,) or (clicks, impressions, past spend).

    Sums can be computed in SQL, added over days and stored; no list of units is needed. What must not be added are sums
    of one unit's parts: a unit that comes back belongs in the sums once, with its total.
    """

    count: int
    """n, the number of units."""
    sums: Floats
    """(k,) the sum of each value."""
    products: Floats
    """(k, k) the sum of each product of two values; symmetric, with the sums of squares on the diagonal."""

    def __post_init__(self) -> None:
        size = len(self.sums)
        if self.count < 0 or self.sums.shape != (size,) or self.products.shape != (size, size):
            raise ValueError("Moments are a count of at least 0, k sums and k times k sums of products.")
        if not (np.isfinite(self.sums).all() and np.isfinite(self.products).all()):
            raise ValueError("A sum is not a finite number.")

    @classmethod
    def of(cls, *values: npt.ArrayLike) -> Self:
        """The moments of units whose values are given as k sequences (n,)."""
        columns = np.array(values, dtype=np.float64)
        return cls(count=columns.shape[1], sums=columns.sum(axis=1), products=columns @ columns.T)

    @classmethod
    def of_one(cls, count: int, total: float, total_of_squares: float) -> Self:
        """The moments of a single value per unit."""
        return cls(count=count, sums=np.array([float(total)]), products=np.array([[float(total_of_squares)]]))

    @classmethod
    def of_rate(cls, count: int, successes: int) -> Self:
        """The moments of a value that is 1 for some units and 0 for the others."""
        return cls.of_one(count, successes, successes)

    def __add__(self, other: Self) -> Self:
        """The moments of both groups of units together."""
        return type(self)(
            count=self.count + other.count, sums=self.sums + other.sums, products=self.products + other.products
        )

    @property
    def means(self) -> Floats:
        """(k,) sample means; 0 without units."""
        return self.sums / max(self.count, 1)

    @property
    def covariances(self) -> Floats:
        """(k, k) sample covariances with divisor n - 1; 0 with fewer than two units.

        A value that hardly varies around a large mean can lose its variance to rounding; it then counts as constant.
        """
        if self.count < 2:
            return np.zeros_like(self.products)
        centred = (self.products - self.count * np.outer(self.means, self.means)) / (self.count - 1)
        rounding = 8 * np.finfo(np.float64).eps * math.sqrt(self.count)
        constant = np.diag(centred) * (self.count - 1) <= rounding * np.diag(self.products)
        centred[constant, :] = 0.0
        centred[:, constant] = 0.0
        return np.asarray(centred, dtype=np.float64)
