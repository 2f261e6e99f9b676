"""Online: from a placement and a visitor to products in slots, and which model version they come from.

Runs in the web process, so it never loads torch, scipy or pandas. May import tracking, catalog, models and the engine.
"""

from django_recs.serving.asking import ANCHOR_LIMIT
from django_recs.serving.recommendations import Recommendation, Recommendations, Rung
from django_recs.serving.recommending import recommend
from django_recs.serving.registry import live_version, promote, roll_back

__all__ = [
    "ANCHOR_LIMIT",
    "Recommendation",
    "Recommendations",
    "Rung",
    "live_version",
    "promote",
    "recommend",
    "roll_back",
]
