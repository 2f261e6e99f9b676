"""Groups of those who ask: the same questions cut by who asked them, not by what may be shown.

A grouping is one label per unit, "" for none, made from the time before the cut. Any other label per unit, such as a
segment, makes a grouping just as well.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from django_recs.engine.evaluation.metrics import Counts
from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Int32Array, Interactions

UnitLabels = Sequence[str]
"""(U,) the group of each unit, "" for none."""

LIGHT, HEAVY = "light_buyers", "heavy_buyers"
HEAVY_SHARE = 0.2
"""The buyers with the most orders are heavy, so many of them at the most."""
FEWEST_QUERIES = 20
"""A smaller group is not shown: it says little, and of few people too much."""
MOST_GROUPS = 8
"""Of a grouping the largest are shown."""


def buyer_labels(past: Interactions) -> UnitLabels:
    """Light and heavy buyers by their number of orders in ``past``, the events before the cut.

    Light are those with no more orders than the median buyer, heavy those with more orders than four fifths of the
    buyers have. An order is a basket, or a day on which something was bought outside one.
    """
    orders = order_counts(past)
    buyers = orders[orders > 0]
    if not len(buyers):
        return [""] * len(orders)
    light, heavy = np.quantile(buyers, [0.5, 1 - HEAVY_SHARE], method="inverted_cdf")
    labels = np.where((orders > 0) & (orders <= light), LIGHT, np.where(orders > max(light, heavy), HEAVY, ""))
    return [str(label) for label in labels]


def order_counts(past: Interactions) -> Counts:
    """(U,) orders of each unit."""
    bought = past.where(past.event_type == PURCHASE_CODE)
    day = bought.time // SECONDS_PER_DAY
    _, order = np.unique(np.where(bought.basket >= 0, bought.basket, -1 - day), return_inverse=True)
    size = max(len(order), 1)
    pairs = np.unique(bought.unit.astype(np.int64) * size + order)
    return np.bincount(pairs // size, minlength=past.unit_count).astype(np.int64)


def latest_labels(past: Interactions, codes: Int32Array, texts: Sequence[str]) -> UnitLabels:
    """(U,) what each unit's latest event that says anything says, "" where none does.

    Args:
        codes: (N,) of each event an index into ``texts``, 0 for nothing.
    """
    latest = np.zeros(past.unit_count, dtype=np.int64)
    known = codes > 0
    latest[past.unit[known]] = codes[known]  # events come in the order of time, and of equal places the last one stays
    return [texts[code] if code else "" for code in latest.tolist()]


def members(unit: npt.NDArray[np.integer], groupings: Mapping[str, UnitLabels]) -> dict[str, dict[str, Counts]]:
    """The queries of each group, by grouping and label, the largest group first; of units (Q,) who ask.

    A group of all who ask tells nothing new and is left out.
    """
    found: dict[str, dict[str, Counts]] = {}
    for name, labels in groupings.items():
        asked = np.array([labels[number] for number in unit.tolist()], dtype=object)
        sizes = {label: int((asked == label).sum()) for label in set(asked.tolist()) if label}
        telling = [label for label, size in sizes.items() if FEWEST_QUERIES <= size < len(asked)]
        shown = sorted(telling, key=lambda label: (-sizes[label], label))
        found[name] = {label: np.flatnonzero(asked == label) for label in shown[:MOST_GROUPS]}
    return found
