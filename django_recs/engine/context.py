"""Circumstances as the network reads them: a small number per name, fitted on training, the same offline and online.

Number 0 means unknown, in every name: nothing was recorded, or it is a value of which training saw too few persons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.circumstances import Circumstances
from django_recs.engine.interactions import Histories, IntArray, Interactions
from django_recs.engine.local_time import MOMENTS, LocalTime
from django_recs.engine.recommender import Arrays

PERSON_MINIMUM = 5
"""A value that fewer persons met is unknown: nothing could be learned of it, and it might name one of them."""
VALUE_LIMIT = 1_000
"""Values per name that are told apart, those that most persons met."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ContextScale:
    """C names and the values of each that are told apart, with the shop's clock."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name, in the order of the numbers from 1 on. Names of `MOMENTS` are read off the clock."""
    clock: LocalTime | None = None
    """None: nothing is read off the clock."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """(C,) how many numbers each name has, the unknown one included."""
        return tuple(1 + len(values) for values in self.values.values())

    def codes(self, *parts: tuple[Circumstances, IntArray]) -> IntArray:
        """Numbers (N, C), one part after the other; names that a part does not hold are unknown there.

        Args:
            parts: circumstances and when that was, in seconds since 1970 in UTC. The clock is read once for all.
        """
        times = np.concatenate([time for _, time in parts])
        codes = np.zeros((len(times), len(self.values)), dtype=np.int64)
        moments = self.clock.read(times) if self.clock else {}
        bounds = np.cumsum([0, *(len(time) for _, time in parts)]).tolist()
        for column, name in enumerate(self.values):
            if name in moments:
                codes[:, column] = self._clock_tables[name][moments[name]]
                continue
            for (circumstances, _), start, stop in zip(parts, bounds[:-1], bounds[1:], strict=True):
                if name in circumstances.codes:
                    table = self._table(name, circumstances.texts[name])
                    codes[start:stop, column] = table[circumstances.codes[name]]
        return codes

    def read(self, histories: Histories, *, at_any_moment: bool = False) -> IntArray:
        """(N, 2C) of each event its own circumstances, then those of what comes next.

        What comes next is the visitor's following event, and after the last one the moment of asking.

        Args:
            at_any_moment: leave the moment of asking open, as for a vector that is to describe a person.
        """
        codes = self.codes((histories.context, histories.time), (histories.asked, histories.now))
        own, asked = codes[: len(histories.time)], codes[len(histories.time) :]
        following = np.zeros_like(own)
        following[:-1] = own[1:]
        filled = np.flatnonzero(np.diff(histories.offsets))
        following[histories.offsets[filled + 1] - 1] = 0 if at_any_moment else asked[filled]
        return np.concatenate([own, following], axis=1)

    @cached_property
    def _numbers(self) -> dict[str, dict[str, int]]:
        return {name: {text: 1 + place for place, text in enumerate(values)} for name, values in self.values.items()}

    @cached_property
    def _clock_tables(self) -> dict[str, IntArray]:
        return {name: self._table(name, texts) for name, texts in MOMENTS.items() if name in self.values}

    def _table(self, name: str, texts: Sequence[str]) -> IntArray:
        """The number of each of ``texts``."""
        numbers = self._numbers[name]
        return np.array([numbers.get(text, 0) for text in texts], dtype=np.int64)

    def arrays(self) -> Arrays:
        """What an artifact stores; nothing when there are no names."""
        if not self.values:
            return {}
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "context_names": np.array(list(self.values), dtype=np.str_),
            "context_sizes": np.array(self.sizes, dtype=np.int64),
            "context_values": np.array([text for values in self.values.values() for text in values], dtype=np.str_),
        }
        if self.clock:
            arrays |= {"clock_changes": self.clock.changes, "clock_offsets": self.clock.offsets}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Without names where ``arrays`` hold none, as those of artifacts that were written before there were any."""
        if "context_names" not in arrays:
            return cls()
        texts = iter(arrays["context_values"].tolist())
        named = zip(arrays["context_names"].tolist(), arrays["context_sizes"].tolist(), strict=True)
        clock = None
        if "clock_changes" in arrays:
            changes, offsets = (np.asarray(arrays[f"clock_{part}"], dtype=np.int64) for part in ("changes", "offsets"))
            clock = LocalTime(changes=changes, offsets=offsets)
        return cls(values={name: tuple(next(texts) for _ in range(size - 1)) for name, size in named}, clock=clock)


NO_CONTEXT = ContextScale()
"""Reads nothing."""


def fit_context_scale(interactions: Interactions, *, clock: LocalTime | None = None) -> ContextScale:
    """Learn which values enough persons met, of the circumstances of ``interactions`` and of what ``clock`` says.

    A name of which all events say the same is left out.
    """
    columns: list[tuple[str, Sequence[str], npt.NDArray[np.integer]]]
    columns = [(name, texts, interactions.context.codes[name]) for name, texts in interactions.context.texts.items()]
    if clock:
        moments = clock.read(interactions.time)
        columns = [*((name, texts, moments[name]) for name, texts in MOMENTS.items()), *columns]
    values: dict[str, tuple[str, ...]] = {}
    for name, texts, codes in columns:
        known = _known_values(texts, codes, interactions.unit)
        if known and len(np.unique(codes)) > 1:
            values[name] = known
    return ContextScale(values=values, clock=clock)


def _known_values(
    texts: Sequence[str], codes: npt.NDArray[np.integer], unit: npt.NDArray[np.integer]
) -> tuple[str, ...]:
    """The texts that at least `PERSON_MINIMUM` units met, in their order; at most `VALUE_LIMIT`, of most units."""
    met = np.unique(unit.astype(np.int64) * len(texts) + codes)
    persons = np.bincount(met % len(texts), minlength=len(texts))
    persons[[place for place, text in enumerate(texts) if not text]] = 0
    most = np.argsort(-persons, kind="stable")[:VALUE_LIMIT]
    return tuple(texts[place] for place in np.sort(most[persons[most] >= PERSON_MINIMUM]).tolist())
