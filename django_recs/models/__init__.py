"""Tables: fields, constraints, indexes, querysets and the transitions of a row. No HTTP, no statistics, no numpy."""

from django_recs.models.event import Event, EventQuerySet, Purpose, RefusedEvent
from django_recs.models.experiment import Experiment, ExperimentDay, Exposure, Layer, Reading, Variant
from django_recs.models.model_version import Evaluation, ModelPointer, ModelVersion
from django_recs.models.placement import Placement, Strategy
from django_recs.models.rule import Rule
from django_recs.models.training_run import Lease, TrainingRun
from django_recs.models.tuning import TunedConfiguration, TuningEntry, TuningStudy, TuningTrial
from django_recs.models.visitor import Visitor

__all__ = [
    "Evaluation",
    "Event",
    "EventQuerySet",
    "Experiment",
    "ExperimentDay",
    "Exposure",
    "Layer",
    "Lease",
    "ModelPointer",
    "ModelVersion",
    "Placement",
    "Purpose",
    "Reading",
    "RefusedEvent",
    "Rule",
    "Strategy",
    "TrainingRun",
    "TunedConfiguration",
    "TuningEntry",
    "TuningStudy",
    "TuningTrial",
    "Variant",
    "Visitor",
]
