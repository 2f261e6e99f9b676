"""What pages call: the variant of a visitor, and a placement as their variant has it. Nothing here ever raises."""

import logging
from copy import copy

from django.db import DatabaseError
from django.http import HttpRequest

from django_recs.experiments.assignment import Arm, Served, assign
from django_recs.experiments.exposure import expose, stored_variant, unit_of
from django_recs.experiments.serving_state import served_experiments
from django_recs.models import Placement, Purpose
from django_recs.tracking.bots import device_of, is_bot
from django_recs.tracking.visitors import visitor_of

logger = logging.getLogger(__name__)

CONTROL = "control"
"""What `variant` answers where there is no experiment of that name."""
VARIED_FIELDS = ("strategy", "title", "limit", "min_items", "exclude_purchased", "is_active")
"""What a variant may change of its placement."""


def variant(slug: str, *, request: HttpRequest, model_version_id: int | None = None) -> str:
    """The name of the variant to show, and note that it is shown: call it where the surface is rendered.

    Robots, visitors who did not allow analytics, visitors without an id yet and those who take no part get the
    control, unnoted. Once a variant was shipped everybody gets it.
    """
    experiment = served_experiments().by_slug.get(slug)
    if experiment is None:
        return CONTROL
    return _arm(experiment, request, model_version_id).slug


def page_variant(slug: str, *, request: HttpRequest | None) -> str:
    """`variant` for a template, which may be rendered without a request: the control then, unnoted."""
    return CONTROL if request is None else variant(slug, request=request)


def varied(placement: Placement, *, request: HttpRequest | None) -> Placement:
    """The placement with what this visitor's variant changes; the same object when nothing varies it."""
    if request is None or (experiment := served_experiments().by_placement.get(placement.slug)) is None:
        return placement
    changes = _arm(experiment, request, None).changes
    if not changes:
        return placement
    changed = copy(placement)
    for name in VARIED_FIELDS:
        if name in changes:
            setattr(changed, name, changes[name])
    return changed


def _arm(experiment: Served, request: HttpRequest, model_version_id: int | None) -> Arm:
    try:
        holdout = served_experiments().holdout
        if holdout is not None and holdout is not experiment and _shown(holdout, request, None) is holdout.control:
            return experiment.control
        return _shown(experiment, request, model_version_id)
    except DatabaseError:
        logger.exception("The variant of %s could not be noted; showing the control", experiment.slug)
    except Exception:  # a session store or the shop's consent function may fail in ways of their own
        logger.exception("The visitor could not be identified for %s; showing the control", experiment.slug)
    return experiment.control


def _shown(experiment: Served, request: HttpRequest, model_version_id: int | None) -> Arm:
    """The arm to show, noted as the first exposure if it is one. Raises `django.db.Error`."""
    if not experiment.is_running:
        return experiment.shipped or experiment.control
    identity = visitor_of(request)
    if not identity.purposes & Purpose.ANALYTICS or not unit_of(identity):
        return experiment.control
    stored = stored_variant(experiment, identity)
    if stored is None:
        arm = assign(experiment, unit_of(identity), is_customer=bool(identity.customer_id))
        if arm is None or is_bot(request):
            return experiment.control
        device = device_of(request.headers.get("User-Agent", ""))
        stored = expose(experiment, arm, identity, device=device, model_version_id=model_version_id)
    return next((arm for arm in experiment.arms if arm.pk == stored), experiment.control)
