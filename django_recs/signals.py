"""Outward events for the host shop. Nothing inside django_recs listens to them."""

from django.dispatch import Signal

events_recorded = Signal()
"""After events were stored and committed. Sends ``events``: the new `Event` rows. Imports from files send nothing."""

experiment_decided = Signal()
"""After the decision about an experiment was committed. Sends ``experiment``: an `Experiment`."""

model_promoted = Signal()
"""After a model version became the live one. Sends ``version``: a `ModelVersion`, and ``replaced``: one or None."""
