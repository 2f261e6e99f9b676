"""What Optuna is told about a study: ranges, sampler, pruner, and which configurations come first."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage

from django_recs.conf import get_settings
from django_recs.engine.parameters import BY_NAME, Parameter
from django_recs.models import TuningStudy
from django_recs.pipeline.tuning.journal import DatabaseJournal

BASELINE = "baseline"
"""Mark of the trial that everything is compared with."""
FIRST_RANDOM_TRIALS = 10
"""Trials drawn at random before the Bayesian sampler starts to learn."""
TRIALS_BEFORE_PRUNING = 4
EPOCHS_BEFORE_PRUNING = 1
DIGITS = 4
"""Significant digits of a proposed value."""
GRID_LIMIT = 200
"""Combinations of a grid that are tried at most: larger grids are for the other samplers."""

Values = Mapping[str, float]

optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_search(study: TuningStudy, *, worker: int) -> optuna.Study:
    """Optuna's view of ``study``, for the worker of that number; made where there is none."""
    return optuna.create_study(
        storage=JournalStorage(DatabaseJournal(study.pk)),
        sampler=_sampler(study, seed=1_000 * study.pk + worker),
        pruner=_pruner(study),
        study_name=str(study),
        direction="maximize",
        load_if_exists=True,
    )


def distributions(study: TuningStudy) -> dict[str, BaseDistribution]:
    """The range of each parameter that is searched."""
    return {name: _distribution(BY_NAME[name]) for name in study.parameters}


def rounded(params: Values) -> dict[str, float]:
    """Proposed values as they are tried and shown."""
    return {
        name: value if isinstance(value, int) or not value else round(value, DIGITS - 1 - _magnitude(value))
        for name, value in params.items()
    }


def plan(study: TuningStudy, search: optuna.Study, *, baseline: Values) -> None:
    """Queue what is tried first: the configuration in use, and for a grid its combinations, drawn without order."""
    search.enqueue_trial(dict(baseline), user_attrs={BASELINE: True})
    if study.sampler == TuningStudy.Sampler.GRID:
        grid = [BY_NAME[name].grid for name in study.parameters]
        for point in _drawn_points(grid, seed=study.pk):
            search.enqueue_trial(dict(zip(study.parameters, point, strict=True)))


def grid_size(names: Sequence[str]) -> int:
    """Combinations of the grids of these parameters."""
    return math.prod(len(BY_NAME[name].grid) for name in names)


def _drawn_points(grid: Sequence[Sequence[float]], *, seed: int) -> Iterator[list[float]]:
    size = math.prod(map(len, grid))
    for number in random.Random(seed).sample(range(size), min(GRID_LIMIT, size)):  # noqa: S311, a search and no secret
        point = []
        for choices in grid:
            number, place = divmod(number, len(choices))
            point.append(choices[place])
        yield point


def _distribution(parameter: Parameter) -> BaseDistribution:
    if parameter.is_whole:
        log = parameter.is_log and parameter.step == 1
        return IntDistribution(int(parameter.low), int(parameter.high), log=log, step=parameter.step)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.is_log)


def _sampler(study: TuningStudy, *, seed: int) -> BaseSampler:
    if study.sampler == TuningStudy.Sampler.BAYESIAN:
        return TPESampler(multivariate=True, constant_liar=True, n_startup_trials=FIRST_RANDOM_TRIALS, seed=seed)
    return RandomSampler(seed=seed)


def _pruner(study: TuningStudy) -> BasePruner:
    if study.pruner == TuningStudy.Pruner.MEDIAN:
        # A step is an epoch, counted from 1, and the pruner looks from the step on that it is told.
        return MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=EPOCHS_BEFORE_PRUNING + 1)
    if study.pruner == TuningStudy.Pruner.HYPERBAND:
        return HyperbandPruner(min_resource=1, max_resource=max(get_settings().network_epochs, 1))
    return NopPruner()


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))
