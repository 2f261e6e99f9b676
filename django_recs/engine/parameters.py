"""The hyper-parameters that a shop may set and tuning may search: their names, ranges and limits.

A name is ``voices.`` or ``network.`` and a field of `engine.voices.VoiceConfig` or `learning.NetworkConfig`, which hold
the defaults. The ranges are those in which a shop of some hundred to some ten thousand items may find its best value.
"""

from collections.abc import Mapping
from dataclasses import dataclass

VOICES = "voices"
"""The voices that count."""
NETWORK = "network"
"""The voice that is learned: the sequence network."""

Values = Mapping[str, float]
"""Values of parameters by name; a parameter left out has its default."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One number that may be chosen. On a logarithmic scale it is above 0, on a plain one a share below 1."""

    name: str
    low: float
    high: float
    grid: tuple[float, ...]
    """What a grid search tries."""
    is_whole: bool = False
    is_log: bool = True
    step: int = 1
    """Whole numbers are multiples of it."""

    @property
    def part(self) -> str:
        return self.name.partition(".")[0]

    @property
    def field(self) -> str:
        return self.name.partition(".")[2]

    def problem(self, value: object) -> str:
        """Why ``value`` cannot be used, as the end of a sentence; "" when it can. It may lie outside low to high."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        if self.is_whole:
            fits = isinstance(value, int) and value > 0 and not value % self.step
            return "" if fits else f"must be a multiple of {self.step} above 0" if self.step > 1 else _WHOLE
        if self.is_log:
            return "" if 0 < value < float("inf") else "must be above 0"
        return "" if 0 <= value < 1 else "must be from 0 to below 1"


_WHOLE = "must be a whole number above 0"


def _days(name: str, low: float, high: float, *grid: float) -> Parameter:
    return Parameter(name=f"{name}half_life_days", low=low, high=high, grid=grid)


PARAMETERS: tuple[Parameter, ...] = (
    _days("voices.frequency_", 20.0, 720.0, 40.0, 120.0, 360.0),
    _days("voices.ease_fit_", 15.0, 720.0, 30.0, 60.0, 180.0),
    _days("voices.ease_history_", 15.0, 720.0, 60.0, 200.0, 600.0),
    Parameter(name="voices.ease_penalty", low=10.0, high=5_000.0, grid=(50.0, 150.0, 500.0)),
    _days("voices.knn_fit_", 20.0, 720.0, 60.0, 120.0, 360.0),
    _days("voices.knn_history_", 3.0, 365.0, 7.0, 20.0, 60.0),
    Parameter(name="voices.knn_neighbour_count", low=20, high=500, grid=(50, 200), is_whole=True),
    Parameter(name="voices.knn_shrinkage", low=0.1, high=100.0, grid=(1.0, 10.0)),
    _days("voices.co_purchase_history_", 5.0, 365.0, 20.0, 60.0, 180.0),
    _days("voices.text_history_", 5.0, 365.0, 30.0, 100.0),
    Parameter(name="voices.text_neighbour_count", low=5, high=200, grid=(10, 30, 100), is_whole=True),
    Parameter(name="voices.transitions_half_life_places", low=0.5, high=20.0, grid=(1.0, 3.0, 9.0)),
    _days("voices.transitions_fit_", 15.0, 720.0, 60.0, 200.0, 600.0),
    Parameter(name="voices.transitions_penalty", low=10.0, high=5_000.0, grid=(50.0, 150.0, 500.0)),
    Parameter(name="network.width", low=32, high=128, grid=(32, 64, 128), is_whole=True, step=16),
    Parameter(name="network.block_count", low=1, high=3, grid=(1, 2), is_whole=True),
    Parameter(name="network.max_length", low=50, high=200, grid=(50, 200), is_whole=True),
    Parameter(name="network.learning_rate", low=3e-4, high=6e-3, grid=(1e-3, 2e-3, 4e-3)),
    Parameter(name="network.tokens_per_batch", low=1_024, high=8_192, grid=(2_048, 4_096), is_whole=True),
    Parameter(name="network.dropout", low=0.0, high=0.5, grid=(0.1, 0.2, 0.4), is_log=False),
    Parameter(name="network.id_dropout", low=0.0, high=0.5, grid=(0.1, 0.2, 0.4), is_log=False),
    Parameter(name="network.id_trust", low=1.0, high=50.0, grid=(2.0, 5.0, 20.0)),
    _days("network.", 15.0, 720.0, 30.0, 120.0, 360.0),
)
"""In the order in which pages and tables show them."""

BY_NAME: Mapping[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}


def problems(values: Mapping[str, object]) -> list[str]:
    """A sentence for each value that cannot be used."""
    found = []
    for name, value in values.items():
        if name not in BY_NAME:
            found.append(f"There is no parameter {name!r}; known: {', '.join(BY_NAME)}.")
        elif reason := BY_NAME[name].problem(value):
            found.append(f"{name} is {value!r}; it {reason}.")
    return found


def of_part(values: Values, part: str) -> dict[str, float]:
    """The values of one part by field, such as ``{"ease_penalty": 150.0}``."""
    return {BY_NAME[name].field: value for name, value in values.items() if BY_NAME[name].part == part}
