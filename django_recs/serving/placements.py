"""Placements and rules, kept in the process for a few seconds: every page asks for them and they rarely change."""

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC
from typing import Any, TypeVar

from django.db import DatabaseError, router
from django.db.models import CharField, DateTimeField, Field, Func, JSONField, Model, QuerySet, Value
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

from django_recs.conf import get_settings
from django_recs.exceptions import PlacementNotFound
from django_recs.experiments import serving_state
from django_recs.models import Experiment, Placement, Rule, Strategy
from django_recs.tracking.transactions import contained

logger = logging.getLogger(__name__)

ModelT = TypeVar("ModelT", bound=Model)


class _JSONRow(JSONObject):
    """A row as JSON. Every supported database can; Django asks SQLite by a query whose failure it never forgets."""

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        return Func.as_sql(self, *args, **kwargs)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What was read at one look."""

    looked_at: float
    """`time.monotonic`."""
    placements: dict[str, Placement]
    rules: tuple[Rule, ...]


_known: _Known | None = None


def find_placement(slug: str) -> Placement:
    """The placement ``slug``. An edit in the admin shows after ``RELOAD_SECONDS`` at the latest.

    Raises:
        PlacementNotFound: when there is none.
    """
    if placement := _looked_up().placements.get(slug):
        return placement
    raise PlacementNotFound(f"There is no placement {slug!r}. Add it in the admin under Recommendations, Placements.")


def find_rules() -> tuple[Rule, ...]:
    """The rules that are switched on, in force or not yet; as fresh as the placements, with which they are read."""
    return _looked_up().rules


def forget() -> None:
    """Read the placements again at the next call."""
    global _known
    _known = None


def _looked_up() -> _Known:
    global _known
    if _known is None or time.monotonic() - _known.looked_at >= get_settings().reload_seconds:
        _known = _read() or _Known(
            looked_at=time.monotonic(),
            placements=_known.placements if _known else _defaults(),
            rules=_known.rules if _known else (),
        )
    return _known


def _read() -> _Known | None:
    """All placements and the rules that are switched on, by one query; None when the database does not answer.

    The query tells as well whether pages have to know any experiment: most shops run none and save the query for them.
    """
    asked = (
        _as_json("placement", Placement.objects.all()),
        _as_json("rule", _rules()),
        _as_json("experiment", Experiment.objects.served()),
    )
    try:
        with contained(router.db_for_read(Placement)):
            rows = list(asked[0].union(*asked[1:], all=True))
    except DatabaseError:
        logger.exception("The placements could not be read; the last known ones serve on")
        return None
    if not any(kind == "experiment" for kind, _ in rows):
        serving_state.nothing_served()
    placements = [_from_json(Placement, row) for kind, row in rows if kind == "placement"]
    return _Known(
        looked_at=time.monotonic(),
        placements={placement.slug: placement for placement in placements},
        rules=tuple(_from_json(Rule, row) for kind, row in rows if kind == "rule"),
    )


def _rules() -> QuerySet[Rule]:
    return Rule.objects.filter(is_active=True).order_by()


def _as_json(kind: str, rows: QuerySet[Any]) -> QuerySet[Any, tuple[str, dict[str, Any]]]:
    """Rows of different tables in one shape, so that one query can read them."""
    columns = _JSONRow(**{field.attname: field.attname for field in rows.model._meta.concrete_fields})
    annotated: QuerySet[Any, Any] = rows.order_by().annotate(kind=Value(kind, output_field=CharField()), row=columns)
    return annotated.values_list("kind", "row")


def _from_json(model: type[ModelT], row: dict[str, Any]) -> ModelT:
    values = {field.attname: _value(field, row[field.attname]) for field in model._meta.concrete_fields}
    made = model(**values)
    made._state.adding = False
    return made


def _value(field: "Field[Any, Any]", value: Any) -> Any:
    """What the ORM would make of it: in JSON a time is text, and SQLite writes JSON within JSON as text too."""
    if isinstance(field, JSONField):
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(field, DateTimeField) and value is not None:
        moment = parse_datetime(value)
        return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
    return field.to_python(value)


def _defaults() -> dict[str, Placement]:
    return {strategy.value: Placement(slug=strategy.value, strategy=strategy) for strategy in Strategy}
