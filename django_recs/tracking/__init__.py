"""Events in: validated, stored once, with the consent they were given under; and who the visitor is.

Everything that arrives becomes a `NewEvent` or is refused alone with a code. May import models, conf, signals and the
engine, and asks the catalogue for the id of a product.
"""

from django_recs.tracking.attribution import Attribution, make_token, read_token
from django_recs.tracking.circumstances import circumstances_of, customer_attributes
from django_recs.tracking.consent import consented_purposes
from django_recs.tracking.events import NewEvent
from django_recs.tracking.history import HistoryRow, recent_events
from django_recs.tracking.recording import OrderLine, track, track_order
from django_recs.tracking.store import StoreResult, purge_refused, store_events
from django_recs.tracking.visitors import VisitorIdentity, merge_visitor, visitor_of, write_visitor_cookie

__all__ = [
    "Attribution",
    "HistoryRow",
    "NewEvent",
    "OrderLine",
    "StoreResult",
    "VisitorIdentity",
    "circumstances_of",
    "consented_purposes",
    "customer_attributes",
    "make_token",
    "merge_visitor",
    "purge_refused",
    "read_token",
    "recent_events",
    "store_events",
    "track",
    "track_order",
    "visitor_of",
    "write_visitor_cookie",
]
