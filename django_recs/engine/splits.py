"""Where time is cut: what came before teaches, what came after asks."""

from dataclasses import dataclass
from typing import Self

from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions


@dataclass(frozen=True, kw_only=True)
class TimeSplit:
    """Three moments in seconds since 1970 in UTC, each a midnight.

    Voices fitted on events before ``valid_start`` are blended on ``[valid_start, test_start)``; the same voices fitted
    again before ``test_start`` are judged once on ``[test_start, end)``.
    """

    valid_start: int
    test_start: int
    end: int

    def __post_init__(self) -> None:
        if not self.valid_start < self.test_start < self.end:
            raise ValueError(f"A split needs valid_start < test_start < end, not {self}.")

    @classmethod
    def of(cls, interactions: Interactions, *, valid_days: int = 30, test_days: int = 30) -> Self:
        """The last ``test_days`` for the test and the ``valid_days`` before them for validation.

        Where the data is too short, both shrink alike so that at least three fifths of the days are left to learn from.

        Raises:
            ValueError: fewer than five days of events.
        """
        day_count = 0
        if len(interactions):
            end_day = int(interactions.time.max()) // SECONDS_PER_DAY + 1
            day_count = end_day - int(interactions.time.min()) // SECONDS_PER_DAY
        if day_count < 5:
            raise ValueError(
                f"Events of at least five days are needed to learn, validate and test; these span {day_count}."
            )
        share = min(1.0, 0.4 * day_count / (valid_days + test_days))
        test_days = max(1, int(test_days * share))
        valid_days = max(1, int(valid_days * share))
        test_start = end_day - test_days
        return cls(
            valid_start=(test_start - valid_days) * SECONDS_PER_DAY,
            test_start=test_start * SECONDS_PER_DAY,
            end=end_day * SECONDS_PER_DAY,
        )
