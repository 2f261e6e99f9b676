"""What needs torch: networks, losses, batches and the training loop. Runs in workers only.

Only `django_recs.pipeline` imports this package; it never imports Django or Celery.
"""

from django_recs.learning.config import NetworkConfig
from django_recs.learning.fitting import FittedNetwork, fit_network
from django_recs.learning.trainer import LossNotFinite

__all__ = ["FittedNetwork", "LossNotFinite", "NetworkConfig", "fit_network"]
