"""What needs torch: networks, losses, batches and the training loop. Runs in workers only.

Only `django_recs.pipeline` imports this package; it never imports Django or Celery.
"""

from django_recs.learning.assignment import Assignment
from django_recs.learning.checkpoints import Workplace
from django_recs.learning.config import NetworkConfig
from django_recs.learning.fitting import Fit, FittedNetwork, assign, fit, fit_network
from django_recs.learning.launch import WorkersFailed, fit_together
from django_recs.learning.records import read_record, write_record
from django_recs.learning.trainer import LossNotFinite
from django_recs.learning.warm_start import TrainingState

__all__ = [
    "Assignment",
    "Fit",
    "FittedNetwork",
    "LossNotFinite",
    "NetworkConfig",
    "TrainingState",
    "WorkersFailed",
    "Workplace",
    "assign",
    "fit",
    "fit_network",
    "fit_together",
    "read_record",
    "write_record",
]
