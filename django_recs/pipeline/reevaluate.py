"""A published version judged once more, by what happened since it was trained."""

from django_recs.engine.evaluation.protocol import EvaluationTable
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.exceptions import TooLittleData
from django_recs.models import ModelVersion
from django_recs.pipeline.champion import open_translated
from django_recs.pipeline.export import export_interactions
from django_recs.pipeline.fit import day_of, evaluation_table, window_queries


def evaluate_again(version: ModelVersion) -> EvaluationTable:
    """The table of ``version`` on all events after those that it learned from.

    Raises:
        TooLittleData: nobody bought anything since.
        ArtifactRefused: its artifact cannot be used.
        OSError: its artifact cannot be read.
    """
    data = export_interactions()
    judged = open_translated(version, data.interactions.item_ids)
    start = judged.trained_until
    end = max((int(data.interactions.time.max(initial=0)) // SECONDS_PER_DAY + 1) * SECONDS_PER_DAY, start)
    queries = window_queries(data, start, end)
    if not queries:
        raise TooLittleData(f"{version} learned from events until {day_of(start)}; nobody bought anything since.")
    note = f"Judged on what happened from {day_of(start)} to {day_of(end)}, after all that {version} learned from."
    return evaluation_table(judged.blend, queries, champion=None, protocol={"live_version": note})
