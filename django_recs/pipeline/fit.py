"""From exported events to a judged blend.

Time is cut twice. Voices fitted before the validation period are blended on it; the same voices fitted again before the
test period are judged on it, once; if they pass or not, the blend that is published is fitted a third time, on
everything, because the newest events matter most to a shop.
"""

import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.timezone import get_default_timezone

from django_recs.conf import get_settings
from django_recs.engine.blend import Blend
from django_recs.engine.blend_fit import fit_blend
from django_recs.engine.evaluation.gate import judge
from django_recs.engine.evaluation.protocol import EvaluationTable, evaluate
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import Interactions
from django_recs.engine.local_time import LocalTime
from django_recs.engine.ranking.facts import ItemFacts, item_facts
from django_recs.engine.recommender import Recommender
from django_recs.engine.shelves.facts import ShelfFacts, fit_shelf_facts
from django_recs.engine.splits import TimeSplit
from django_recs.exceptions import TooLittleData
from django_recs.models import TrainingRun
from django_recs.pipeline.champion import PREFIX, Champion, open_champion, under_own_names
from django_recs.pipeline.configuration import CONFIGURATION, Configuration
from django_recs.pipeline.export import ExportedData
from django_recs.pipeline.lease import HeldLease
from django_recs.pipeline.progress import OnProgress, RunProgress
from django_recs.pipeline.run_folder import RunPlace
from django_recs.pipeline.voices import VoiceFitter
from django_recs.pipeline.windows import SealedPeriod, Window, window_queries

if TYPE_CHECKING:
    from django_recs.learning import TrainingState

logger = logging.getLogger(__name__)

Status = TrainingRun.Status


@dataclass(frozen=True, kw_only=True)
class Training:
    """What one run made."""

    data: ExportedData
    blend: Blend
    """Fitted on everything."""
    shelf_facts: ShelfFacts
    """What shelves need beside it, counted on everything."""
    table: EvaluationTable
    """How the same blend, fitted before the test period, did in it."""
    gate_reasons: list[str]
    """Why it may not go live, in sentences; empty when it may."""
    trained_until: int
    """Seconds since 1970: end of the events that it learned from."""
    device: str
    states: "tuple[TrainingState, ...]"
    """What its networks ended with, for the next run to start from."""


def train(
    data: ExportedData, progress: RunProgress, configuration: Configuration, *, folder: Path, lease: HeldLease
) -> Training:
    """Fit, judge and fit again.

    Args:
        folder: of the run, for what an attempt leaves to the next one; written under ``lease``.

    Raises:
        TooLittleData: the events span too few days to be split.
        LeaseLost: another process took the run over.
    """
    champion = open_champion(data.interactions.item_ids)
    split = choose_split(data.interactions)
    test = SealedPeriod(data=data, start=split.test_start, end=split.end, on_read=progress.count_test_read)
    place = RunPlace(folder=folder, lease=lease, until=split.end)
    fitter = VoiceFitter(content=data.content, configuration=configuration, place=place)

    past = data.as_of(split.valid_start)
    voices = fitter.fit(past, progress.between(0.05, 0.30))
    progress.enter(Status.FITTING, 0.30, "Blending.")
    blend = two_stage_blend(
        voices,
        window_queries(data, split.valid_start, split.test_start),
        item_facts(past, data.content.prices),
        on_progress=progress.between(0.30, 0.35),
    )

    past = data.as_of(split.test_start)
    judged = blend.with_voices(
        fitter.fit(past, progress.between(0.35, 0.62)), facts=item_facts(past, data.content.prices)
    )
    opponent, note = choose_opponent(
        champion, judged, split, configuration=configuration, refit=_refitting(data, split, progress)
    )
    progress.enter(Status.EVALUATING, 0.68, "Evaluating.")
    table = evaluation_table(
        judged,
        test.read(),
        champion=opponent,
        protocol={
            **_described(split),
            "test_period_reads": test.read_count,
            "live_version": note,
            "weights": _weights(judged),
            "ranked": sorted(judged.rankers),
            CONFIGURATION: configuration.described(),
        },
    )
    reasons = judge(table, champion="champion" if opponent else None)

    progress.enter(Status.FITTING, 0.70, "Fitting on everything.")
    final = blend.with_voices(
        fitter.fit(data.interactions, progress.between(0.70, 0.97)),
        facts=item_facts(data.interactions, data.content.prices),
    )
    clock = LocalTime.of_zone(get_default_timezone())
    return Training(
        data=data,
        blend=final,
        shelf_facts=fit_shelf_facts(data.interactions, data.content, clock.ahead_of_utc(data.interactions.time)),
        table=table,
        gate_reasons=reasons,
        trained_until=split.end,
        device=fitter.device or "cpu",
        states=tuple(fitter.states),
    )


def two_stage_blend(
    voices: Sequence[Recommender], queries: Mapping[str, Queries], facts: ItemFacts, *, on_progress: OnProgress
) -> Blend:
    """Weights from validation ``queries`` and, where LightGBM is installed, rankers that order what the sum finds."""
    blend = fit_blend(voices, queries)
    if importlib.util.find_spec("lightgbm") is None:
        logger.warning('LightGBM is not installed, so nothing ranks after the sum: pip install "django-recs[train]".')
        return blend
    from django_recs.engine.ranking.fit import fit_rankers

    on_progress(0.4, "Learning to rank.")
    return replace(blend, rankers=fit_rankers(blend, queries, facts), facts=facts)


def choose_split(interactions: Interactions) -> TimeSplit:
    """Where time is cut, by the lengths in the settings. Raises `TooLittleData` when the events span too few days."""
    settings = get_settings()
    try:
        return TimeSplit.of(interactions, valid_days=settings.validation_days, test_days=settings.test_days)
    except ValueError as reason:
        raise TooLittleData(str(reason)) from reason


Refit = Callable[[Configuration], Sequence[Recommender]]
"""Voices with other hyper-parameters, fitted before the test period."""


def choose_opponent(
    champion: Champion | None, judged: Blend, split: TimeSplit, *, configuration: Configuration, refit: Refit
) -> tuple[Blend | None, str]:
    """What stands for the live version in the test period, and in a sentence how it is compared.

    A live version that learned from the test period would be judged by what it knows. In a shop that trains nightly
    that is the rule, so its recipe is compared then: its weights over the voices of ``judged``, that saw the same days,
    or over voices of its own hyper-parameters where those of ``judged`` are others.
    """
    if champion is None:
        return None, "There is no live version to compare with."
    if champion.trained_until <= split.test_start:
        return champion.blend, f"Version {champion.version_id} is compared as it is."
    tuned_anew = dict(champion.configuration.values) != dict(configuration.values)
    recipe = champion.recipe(refit(champion.configuration) if tuned_anew else judged.voices, judged.facts)
    if recipe is None:
        return None, f"Version {champion.version_id} is made of voices that are no more; it cannot be compared."
    return under_own_names(recipe) if tuned_anew else recipe, (
        f"Version {champion.version_id} learned from events until {day_of(champion.trained_until)}, the test period "
        f"among them; its recipe{' and its hyper-parameters are' if tuned_anew else ' is'} compared, over voices that "
        "did not see that period."
    )


def _refitting(data: ExportedData, split: TimeSplit, progress: RunProgress) -> Refit:
    def refit(configuration: Configuration) -> Sequence[Recommender]:
        fitter = VoiceFitter(content=data.content, configuration=configuration)
        return fitter.fit(data.as_of(split.test_start), progress.between(0.62, 0.68))

    return refit


def evaluation_table(
    blend: Blend, window: Window, *, champion: Blend | None, protocol: Mapping[str, Any]
) -> EvaluationTable:
    """The blend, each of its voices and the live version on the same questions."""
    blends = {"blend": blend}
    if blend.rankers:
        blends["unranked"] = replace(blend, rankers={})
    voices = list(blend.voices)
    if champion is not None:
        blends["champion"] = champion
        voices += [voice for voice in champion.voices if voice.name.startswith(PREFIX)]
    return evaluate(
        voices,
        window.queries,
        blends=blends,
        protocol=protocol,
        traits=window.traits,
        groupings=window.groupings,
        unlisted=[voice.name for voice in voices if voice.name.startswith(PREFIX)],
    )


def _described(split: TimeSplit) -> dict[str, str]:
    return {name: day_of(getattr(split, name)) for name in ("valid_start", "test_start", "end")}


def _weights(blend: Blend) -> dict[str, dict[str, float]]:
    names = [voice.name for voice in blend.voices]
    return {
        situation.value: {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
        for situation, weights in blend.weights.items()
    }


def day_of(seconds: int) -> str:
    """The day in UTC on which a moment lies, such as ``2024-03-01``."""
    return datetime.fromtimestamp(seconds, tz=UTC).date().isoformat()
