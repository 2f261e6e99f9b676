"""Events from files: read in a stream, mapped, judged line by line, and written once however often the file is read."""

from django_recs.tracking.importing.files import FileProblem, SourceFile, open_source
from django_recs.tracking.importing.mapping import ImportPlan
from django_recs.tracking.importing.presets import PRESETS
from django_recs.tracking.importing.run import ImportSummary, import_events

__all__ = ["PRESETS", "FileProblem", "ImportPlan", "ImportSummary", "SourceFile", "import_events", "open_source"]
