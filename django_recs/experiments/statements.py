"""The parts of the statements that `sums` puts together. Plain SQL that PostgreSQL, SQLite and MySQL read alike.

Each is a common table expression. ``%s`` are the values that `sums` binds, in the order in which they stand here. Units
and their events meet by sorting (``beside``) and not by a join: a planner that expects one unit, as SQLite's does
without statistics, would read every event again for each of them.
"""

from django_recs.engine.events import EventType
from django_recs.experiments.metrics import COUNTED_TYPES
from django_recs.models import Event, Experiment, Exposure, Visitor

_EXPOSURE, _EVENT, _VISITOR = (model._meta.db_table for model in (Exposure, Event, Visitor))
_LISTED = (EventType.PURCHASE, EventType.REFUND, EventType.SELECT_ITEM, EventType.VIEW_ITEM_LIST, *COUNTED_TYPES)

UNITS = f"""
person_exposure AS (
  SELECT COALESCE(NULLIF(x.customer_id, ''), v.customer_id, '') AS customer_id,
         CASE WHEN x.customer_id = '' AND v.customer_id IS NULL THEN x.visitor_id ELSE '' END AS visitor_id,
         x.variant_id, x.exposed_at, x.counts_until,
         CASE WHEN x.customer_id = '' THEN 1 ELSE 0 END AS was_guest
  FROM {_EXPOSURE} x LEFT JOIN {_VISITOR} v ON x.customer_id = '' AND v.visitor_id = x.visitor_id
  WHERE x.experiment_id = %s AND x.exposed_at < %s
),
ranked AS (
  SELECT customer_id, visitor_id, variant_id,
         MIN(exposed_at) OVER (PARTITION BY customer_id, visitor_id) AS exposed_at,
         MIN(counts_until) OVER (PARTITION BY customer_id, visitor_id) AS counts_until,
         MIN(variant_id) OVER (PARTITION BY customer_id, visitor_id) AS lowest,
         MAX(variant_id) OVER (PARTITION BY customer_id, visitor_id) AS highest,
         ROW_NUMBER() OVER (PARTITION BY customer_id, visitor_id ORDER BY was_guest, exposed_at) AS place
  FROM person_exposure
),
unit AS (
  SELECT customer_id, visitor_id, variant_id, exposed_at, counts_until,
         CASE WHEN lowest <> highest THEN 1 ELSE 0 END AS crossed
  FROM ranked WHERE place = 1
)"""  # noqa: S608 names are ours

PAST_UNITS = f"""
unit AS (
  SELECT customer_id, visitor_id, 0 AS variant_id, MIN(occurred_at) AS exposed_at, %s AS counts_until, 0 AS crossed
  FROM (
    SELECT COALESCE(NULLIF(e.customer_id, ''), v.customer_id, '') AS customer_id,
           CASE WHEN e.customer_id = '' AND v.customer_id IS NULL THEN e.visitor_id ELSE '' END AS visitor_id,
           e.occurred_at
    FROM {_EVENT} e LEFT JOIN {_VISITOR} v ON e.customer_id = '' AND v.visitor_id = e.visitor_id
    WHERE e.occurred_at >= %s AND e.occurred_at < %s AND NOT e.is_bot AND (e.purposes & %s) = %s
      AND (e.customer_id <> '' OR e.visitor_id <> '')
      AND (%s = '' OR (e.type = 'view_item_list' AND e.placement = %s))
  ) seen
  WHERE {{audience}}
  GROUP BY customer_id, visitor_id
)"""  # noqa: S608

AUDIENCES: dict[str, str] = {
    Experiment.Audience.EVERYBODY: "1 = 1",
    Experiment.Audience.CUSTOMERS: "customer_id <> ''",
    Experiment.Audience.GUESTS: "visitor_id <> ''",
}

COUNTS = f"WITH {UNITS} SELECT variant_id, COUNT(*), SUM(crossed) FROM unit GROUP BY variant_id"  # noqa: S608

EVENTS = f"""
refunded AS (
  SELECT DISTINCT order_id FROM {_EVENT}
  WHERE type = 'refund' AND order_id <> '' AND occurred_at >= %s AND occurred_at < %s
),
bought_order AS (
  SELECT p.order_id, MIN(p.occurred_at) AS bought_at, SUM(p.price * p.quantity) AS amount, SUM(p.quantity) AS pieces
  FROM {_EVENT} p JOIN refunded r ON r.order_id = p.order_id WHERE p.type = 'purchase' GROUP BY p.order_id
),
bought_line AS (
  SELECT p.order_id, p.item_id, MAX(p.price) AS price
  FROM {_EVENT} p JOIN refunded r ON r.order_id = p.order_id
  WHERE p.type = 'purchase' GROUP BY p.order_id, p.item_id
),
happened AS (
  SELECT COALESCE(NULLIF(e.customer_id, ''), v.customer_id, '') AS customer_id,
         CASE WHEN e.customer_id = '' AND v.customer_id IS NULL THEN e.visitor_id ELSE '' END AS visitor_id,
         e.type, e.order_id, e.placement,
         CASE WHEN e.type = 'refund' THEN COALESCE(o.bought_at, e.occurred_at) ELSE e.occurred_at END AS moment,
         CASE WHEN e.type = 'purchase' THEN COALESCE(e.price * e.quantity, 0)
              WHEN e.type = 'refund' THEN -COALESCE(
                e.price * e.quantity, CASE WHEN e.item_id = '' THEN o.amount ELSE l.price * e.quantity END, 0)
              ELSE 0 END AS amount,
         CASE WHEN e.type = 'purchase' THEN e.quantity
              WHEN e.type = 'refund' THEN -CASE WHEN e.item_id = '' THEN COALESCE(o.pieces, 0) ELSE e.quantity END
              ELSE 0 END AS pieces
  FROM {_EVENT} e
  LEFT JOIN {_VISITOR} v ON e.customer_id = '' AND v.visitor_id = e.visitor_id
  LEFT JOIN bought_order o ON e.type = 'refund' AND o.order_id = e.order_id
  LEFT JOIN bought_line l ON e.type = 'refund' AND l.order_id = e.order_id AND l.item_id = e.item_id
  WHERE e.occurred_at >= %s AND e.occurred_at < %s AND NOT e.is_bot AND (e.purposes & %s) = %s
    AND (e.customer_id <> '' OR e.visitor_id <> '')
    AND e.type IN ({", ".join(f"'{event_type.value}'" for event_type in _LISTED)})
    AND (e.type NOT IN ('select_item', 'view_item_list') OR %s = '' OR e.placement = %s)
)"""  # noqa: S608

_COUNTED = ",\n".join(
    f"SUM(CASE WHEN counts = 1 AND type = '{event_type.value}' THEN 1 ELSE 0 END) AS {event_type.value}"
    for event_type in COUNTED_TYPES
)

TOTALS = f"""
stream AS (
  SELECT customer_id, visitor_id, variant_id, exposed_at, counts_until,
         NULL AS type, NULL AS order_id, NULL AS moment, NULL AS amount, NULL AS pieces
  FROM unit WHERE crossed = 0
  UNION ALL
  SELECT customer_id, visitor_id, NULL, NULL, NULL, type, order_id, moment, amount, pieces FROM happened
),
beside AS (
  SELECT customer_id, visitor_id, type, order_id, moment, amount, pieces,
         MAX(variant_id) OVER (PARTITION BY customer_id, visitor_id) AS variant_id,
         MAX(exposed_at) OVER (PARTITION BY customer_id, visitor_id) AS exposed_at,
         MAX(counts_until) OVER (PARTITION BY customer_id, visitor_id) AS counts_until
  FROM stream
),
placed AS (
  SELECT customer_id, visitor_id, variant_id, type, order_id, amount, pieces,
         CASE WHEN moment >= exposed_at AND moment < counts_until THEN 1 ELSE 0 END AS counts,
         CASE WHEN moment < %s THEN 1 ELSE 0 END AS is_past
  FROM beside WHERE variant_id IS NOT NULL
),
total AS (
  SELECT variant_id,
         COUNT(DISTINCT CASE WHEN counts = 1 AND type = 'purchase' THEN order_id END) AS orders,
         SUM(CASE WHEN counts = 1 THEN amount ELSE 0 END) AS revenue,
         SUM(CASE WHEN counts = 1 THEN pieces ELSE 0 END) AS items,
         SUM(CASE WHEN counts = 1 AND type = 'select_item' THEN 1 ELSE 0 END) AS clicks,
         SUM(CASE WHEN counts = 1 AND type = 'view_item_list' THEN 1 ELSE 0 END) AS impressions,
         SUM(CASE WHEN is_past = 1 THEN amount ELSE 0 END) AS past_spent,
         SUM(CASE WHEN is_past = 1 THEN pieces ELSE 0 END) AS past_items,
         {_COUNTED}
  FROM placed GROUP BY customer_id, visitor_id, variant_id
)"""  # noqa: S608

CAPPED = """
capped AS (
  SELECT total.*,
         CASE WHEN items > 0 THEN 1 ELSE 0 END AS bought,
         CASE WHEN past_items > 0 THEN 1 ELSE 0 END AS past_bought,
         CASE WHEN revenue > %s THEN %s ELSE revenue END AS capped_revenue,
         CASE WHEN past_spent > %s THEN %s ELSE past_spent END AS past_revenue
  FROM total
)"""
