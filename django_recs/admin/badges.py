"""Small marked words for states. The word says it all; the colour only repeats it."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

TONES = {
    "live": "good",
    "promoted": "good",
    "rejected": "bad",
    "failed": "bad",
    "skipped": "warn",
    "staged": "busy",
    "queued": "busy",
    "exporting": "busy",
    "fitting": "busy",
    "evaluating": "busy",
    "publishing": "busy",
    "running": "busy",
    "finished": "good",
    "complete": "good",
}


def badge(label: str, *, tone: str = "quiet") -> SafeString:
    """``label`` as a badge. Tones: good, bad, warn, busy, quiet."""
    return format_html('<span class="recs-badge recs-{}">{}</span>', tone, label)


def status_badge(status: str, label: str) -> SafeString:
    """The badge of a status of a training run, a model version, a tuning study or a trial."""
    return badge(label, tone=TONES.get(status, "quiet"))
