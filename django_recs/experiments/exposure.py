"""Who was shown what first: one row for each unit and experiment, written by the request that shows it.

Decision 0030 says why the server writes it and not the browser. A process remembers what it wrote, so that a unit that
comes back costs no query.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.db import router, transaction
from django.db.models import Q
from django.utils import timezone

from django_recs.conf import get_settings
from django_recs.experiments.assignment import Arm, Served
from django_recs.models import Exposure, Visitor
from django_recs.tracking.visitors import VisitorIdentity

REMEMBERED_UNITS = 20_000
"""Units that a process remembers, some 10 MB."""


@dataclass(kw_only=True)
class _Known:
    looked_at: float
    variants: dict[int, int] = field(default_factory=dict)
    """Primary key of the variant by that of the experiment: rows that are in the database and never change."""


_memory: "OrderedDict[str, _Known]" = OrderedDict()
_lock = threading.Lock()


def unit_of(identity: VisitorIdentity) -> str:
    """``c`` and a customer's id, ``v`` and a guest's; "" for somebody whom we may not know."""
    if identity.customer_id:
        return f"c{identity.customer_id}"
    return f"v{identity.visitor_id}" if identity.visitor_id else ""


def stored_variant(experiment: Served, identity: VisitorIdentity) -> int | None:
    """The variant that this person was exposed to before, also as a guest; None without one.

    A customer's own row comes first, then the earliest of the guests that they turned out to be. Asks the database
    only where the process does not know; that nothing is stored it believes for ``RELOAD_SECONDS``. Raises
    `django.db.Error`.
    """
    unit = unit_of(identity)
    known = _remembered(unit)
    if known is not None:
        if experiment.pk in known.variants:
            return known.variants[experiment.pk]
        if time.monotonic() - known.looked_at < get_settings().reload_seconds:
            return None
    known = _Known(looked_at=time.monotonic(), variants=_stored(unit, identity))
    _remember(unit, known)
    return known.variants.get(experiment.pk)


def expose(
    experiment: Served, arm: Arm, identity: VisitorIdentity, *, device: str, model_version_id: int | None
) -> int:
    """Write the first exposure and return the variant that counts: another one where another request was first.

    Raises `django.db.Error`, without harm to an open transaction.
    """
    unit, now = unit_of(identity), timezone.now()
    using = router.db_for_write(Exposure)
    values = {
        "variant_id": arm.pk,
        "customer_id": identity.customer_id,
        "visitor_id": "" if identity.customer_id else identity.visitor_id,
        "exposed_at": now,
        "counts_until": now + timedelta(days=experiment.window_days),
        "propensity": arm.share,
        "device": device,
        "model_version_id": model_version_id,
    }
    with transaction.atomic(using=using):
        row, _ = Exposure.objects.using(using).get_or_create(experiment_id=experiment.pk, unit=unit, defaults=values)
    # Not before the commit: a row that is rolled back has to be written again.
    transaction.on_commit(partial(_remember_variant, unit, experiment.pk, row.variant_id), using=using)
    return row.variant_id


def forget() -> None:
    """Ask the database again for every unit."""
    _memory.clear()


def _stored(unit: str, identity: VisitorIdentity) -> dict[int, int]:
    using = router.db_for_write(Exposure)  # a replica may lag behind the row that this very visitor just caused
    mine = Q(unit=unit)
    if identity.customer_id:
        merged = Visitor.objects.filter(customer_id=identity.customer_id).values("visitor_id")
        mine |= Q(customer_id="", visitor_id__in=merged)
    with transaction.atomic(using=using):
        rows = list(
            Exposure.objects.using(using)
            .filter(mine)
            .order_by("exposed_at", "pk")
            .values_list("experiment_id", "variant_id", "unit")
        )
    found: dict[int, int] = {}
    for experiment_pk, variant_pk, _owner in sorted(rows, key=lambda row: row[2] != unit):
        found.setdefault(experiment_pk, variant_pk)
    return found


def _remembered(unit: str) -> _Known | None:
    with _lock:
        known = _memory.get(unit)
        if known is not None:
            _memory.move_to_end(unit)
        return known


def _remember_variant(unit: str, experiment_pk: int, variant_pk: int) -> None:
    known = _remembered(unit) or _Known(looked_at=time.monotonic())
    known.variants[experiment_pk] = variant_pk
    _remember(unit, known)


def _remember(unit: str, known: _Known) -> None:
    with _lock:
        _memory[unit] = known
        _memory.move_to_end(unit)
        while len(_memory) > REMEMBERED_UNITS:
            _memory.popitem(last=False)
