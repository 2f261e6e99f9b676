"""A published version judged once more, by what happened since it was trained.

No figure of it enters a training: what was kept of earlier evaluations is for people to look at.
"""

from datetime import UTC, datetime

from django_recs.engine.blend import Blend
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.exceptions import TooLittleData
from django_recs.models import Evaluation, ModelVersion
from django_recs.pipeline.champion import open_champion, open_translated
from django_recs.pipeline.export import ExportedData, export_interactions
from django_recs.pipeline.fit import day_of, evaluation_table
from django_recs.pipeline.windows import read_window


def evaluate_again(version: ModelVersion) -> Evaluation:
    """Judge ``version`` by all events after those that it learned from, and store the table.

    Raises:
        TooLittleData: nobody bought anything since.
        ArtifactRefused: its artifact cannot be used.
        OSError: its artifact cannot be read.
    """
    data = export_interactions()
    judged = open_translated(version, data.interactions.item_ids)
    start = judged.trained_until
    end = max((int(data.interactions.time.max(initial=0)) // SECONDS_PER_DAY + 1) * SECONDS_PER_DAY, start)
    window = read_window(data, start, end)
    if not window.queries:
        raise TooLittleData(f"{version} learned from events until {day_of(start)}; nobody bought anything since.")
    opponent, note = _opponent(version, data, start)
    period = f"Judged on what happened from {day_of(start)} to {day_of(end)}, after all that {version} learned from."
    table = evaluation_table(
        judged.blend, window, champion=opponent, protocol={"live_version": f"{period} {note}".strip()}
    )
    return Evaluation.objects.create(version=version, start=moment(start), end=moment(end), table=table)


def _opponent(version: ModelVersion, data: ExportedData, start: int) -> tuple[Blend | None, str]:
    """The live version, where it is another one and learned nothing of the period either."""
    live = open_champion(data.interactions.item_ids)
    if live is None or live.version_id == version.pk:
        return None, ""
    if live.trained_until > start:
        return None, f"Version {live.version_id}, which is live, learned from that time and is not compared."
    return live.blend, f"Version {live.version_id}, which is live, is compared as it is."


def moment(seconds: int) -> datetime:
    """Seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)
