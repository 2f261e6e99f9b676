"""How good a configuration is, judged on the validation period alone.

Voices are fitted before the validation period. Its questions are dealt into two halves: blend weights are fitted on one
and judged on the other, and the other way round, so that no weight is judged by what it was fitted on. The test period
is not even read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from django_recs.engine.blend_fit import fit_blend
from django_recs.engine.evaluation.gate import FEWEST_QUERIES, MAIN_SLICES
from django_recs.engine.evaluation.metrics import clustered_error, ndcg
from django_recs.engine.evaluation.protocol import hits_of, ranked_lists
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import Interactions
from django_recs.engine.parameters import BY_NAME, NETWORK, VOICES
from django_recs.engine.recommender import Recommender
from django_recs.engine.splits import TimeSplit
from django_recs.exceptions import TooLittleData
from django_recs.pipeline.configuration import Configuration
from django_recs.pipeline.export import ExportedData
from django_recs.pipeline.voices import VoiceFitter
from django_recs.pipeline.windows import window_queries

QUERY_LIMIT = 2_000
"""Questions of a slice that are asked at most; more make a trial slower, and its score hardly steadier."""
DEPTH = 10
DIGITS = 4

OnLine = Callable[[str], None]
"""Told each line that the training of the network says."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the questions say of one configuration: NDCG@10 of each question, per slice."""

    query_scores: dict[str, npt.NDArray[np.float64]]

    @property
    def slice_scores(self) -> dict[str, float]:
        return {name: float(values.mean()) for name, values in self.query_scores.items()}

    @property
    def score(self) -> float:
        """The mean over slices, each counting the same."""
        return float(np.mean(list(self.slice_scores.values())))

    def stored(self) -> dict[str, list[float]]:
        return {name: [round(float(value), DIGITS) for value in values] for name, values in self.query_scores.items()}

    @classmethod
    def from_stored(cls, stored: dict[str, list[float]]) -> "Judgement":
        return cls(query_scores={name: np.array(values) for name, values in stored.items()})


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Judges configurations that differ in ``parameters``; what they share is fitted once."""

    data: ExportedData
    base: Configuration
    parameters: Sequence[str]
    split: TimeSplit
    _kept: dict[str, tuple[Recommender, ...]] = field(default_factory=dict)

    @cached_property
    def past(self) -> Interactions:
        """What was known before the validation period."""
        return self.data.as_of(self.split.valid_start)

    @cached_property
    def queries(self) -> dict[str, Queries]:
        """The questions of the main slices. Raises `TooLittleData`."""
        asked = window_queries(self.data, self.split.valid_start, self.split.test_start)
        enough = {
            name: _thinned(asked[name])
            for name in MAIN_SLICES
            if name in asked and len(asked[name]) >= 2 * FEWEST_QUERIES
        }
        if not enough:
            raise TooLittleData(f"Fewer than {2 * FEWEST_QUERIES} customers came back in the validation period.")
        return enough

    def judge(self, configuration: Configuration, on_line: OnLine = lambda line: None) -> Judgement:
        """The score of ``configuration``; ``on_line`` may raise to stop."""
        fitter = VoiceFitter(content=self.data.content, configuration=configuration)
        network = self._fitted(NETWORK, lambda: self._network(fitter, on_line))
        counting = self._fitted(VOICES, lambda: fitter.counting(self.past))
        voices = (*counting, *network)
        return Judgement(query_scores={name: _cross_fitted(voices, batch) for name, batch in self.queries.items()})

    def gain(self, judgement: Judgement, baseline: Judgement) -> tuple[float, float]:
        """How far ``judgement`` lies above ``baseline``, and the standard error of that, question by question.

        The slices ask the same customers, so their errors are taken to move together: the mean of the errors, which is
        the most that the error of the mean can be.
        """
        errors = [
            clustered_error(judgement.query_scores[name] - baseline.query_scores[name], batch.most_wanted())
            for name, batch in self.queries.items()
        ]
        return judgement.score - baseline.score, float(np.mean(errors))

    def _fitted(self, part: str, fit: Callable[[], tuple[Recommender, ...]]) -> tuple[Recommender, ...]:
        if any(BY_NAME[name].part == part for name in self.parameters):
            return fit()
        if part not in self._kept:
            self._kept[part] = fit()
        return self._kept[part]

    def _network(self, fitter: VoiceFitter, on_line: OnLine) -> tuple[Recommender, ...]:
        if not fitter.has_network:
            return ()
        return (fitter.network(self.past, lambda share, line: on_line(line)).voice(),)


def _cross_fitted(voices: Sequence[Recommender], queries: Queries) -> npt.NDArray[np.float64]:
    """(Q,) NDCG@10 of each query under weights that were fitted on the other half."""
    values = np.zeros(len(queries))
    for half in (0, 1):
        asked, taught = np.arange(half, len(queries), 2), np.arange(1 - half, len(queries), 2)
        blend = fit_blend(voices, {queries.name: _taken(queries, taught)})
        batch = _taken(queries, asked)
        top = ranked_lists(voices, {"blend": blend}, batch)["blend"]
        values[asked] = ndcg(hits_of(top, batch), batch.truth.counts, DEPTH)
    return values


def _taken(queries: Queries, rows: npt.NDArray[np.integer]) -> Queries:
    return replace(
        queries,
        histories=queries.histories.take(rows),
        excluded=queries.excluded.take(rows),
        truth=queries.truth.take(rows),
    )


def _thinned(queries: Queries) -> Queries:
    if len(queries) <= QUERY_LIMIT:
        return queries
    return _taken(queries, np.linspace(0, len(queries) - 1, QUERY_LIMIT).astype(np.int64))
