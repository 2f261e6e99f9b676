"""What a rule would change, before it is saved: lists of sample shoppers with and without it."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils.translation import gettext as _

from django_recs.catalog import get_catalog
from django_recs.engine.events import EventType
from django_recs.exceptions import RecsError
from django_recs.models import Event, Placement, Purpose, Rule, Strategy
from django_recs.serving import Recommendation, recommend
from django_recs.serving.live import live_model
from django_recs.serving.merchandising import Condition

SAMPLE_COUNT = 3
"""Shoppers beside a stranger."""
SHELF_COUNT = 4
"""Shelves tried when the rule is for all of them."""
NEWEST_EVENTS = 400
"""Among whose persons the sample shoppers are chosen."""
TRIED_FIRST = ("for_you", "trending", "similar", "bestsellers")

ITEM_STRATEGIES = frozenset(
    {
        Strategy.SIMILAR,
        Strategy.FREQUENTLY_BOUGHT_TOGETHER,
        Strategy.ALSO_VIEWED,
        Strategy.CART_COMPLEMENTS,
        Strategy.POST_PURCHASE,
        Strategy.UPSELL,
    }
)
"""These start from an item."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One product in a list, and what happened to it."""

    item: Recommendation
    change: str
    """"": stays where it was; else ``new``, ``moved`` or ``out``."""
    note: str
    """The change in words."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One shelf of one shopper, as it is and as it would be."""

    placement: Placement
    shopper: str
    now: tuple[Cell, ...]
    then: tuple[Cell, ...]

    @property
    def changed_count(self) -> int:
        """Slots that would show something else."""
        before = [cell.item.item_id for cell in self.now]
        after = [cell.item.item_id for cell in self.then]
        return sum(first != second for first, second in zip(before, after, strict=False)) + abs(
            len(before) - len(after)
        )


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """All trials of a rule."""

    trials: tuple[Trial, ...]
    product_words: str
    """How many products the rule is about."""
    problem: str = ""
    """Why nothing could be tried, "" when it could."""

    @property
    def changed(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.changed_count)

    @property
    def unchanged(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if not trial.changed_count)


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """Somebody whose shelves are tried."""

    name: str
    customer_id: str = ""
    item_id: str = ""
    """What shelves of a product page start from."""


def try_rule(draft: Rule, *, may_see_people: bool) -> DryRun:
    """Ask for the shelves of a few shoppers with and without ``draft``, as if it were in force now. Writes nothing.

    Args:
        may_see_people: whether personal shelves may be shown, since they tell what somebody did.
    """
    try:
        get_catalog()
    except RecsError as missing:
        return DryRun(trials=(), product_words="", problem=str(missing))
    others = [rule for rule in Rule.objects.filter(is_active=True) if rule.pk != draft.pk]
    stored = [rule for rule in Rule.objects.filter(is_active=True) if rule.pk == draft.pk]
    rule = copy(draft)
    rule.is_active, rule.starts_at, rule.ends_at = True, None, None
    shoppers = [*(_sample_shoppers() if may_see_people else ()), _stranger()]
    trials = [
        _trial(placement, shopper, now=[*others, *stored], then=[*others, rule])
        for placement in _placements(draft)
        for shopper in shoppers
    ]
    return DryRun(trials=_merged([trial for trial in trials if trial]), product_words=_product_words(draft))


def _trial(placement: Placement, shopper: Shopper, *, now: Sequence[Rule], then: Sequence[Rule]) -> Trial | None:
    """None for a shelf that this shopper would not see either way."""
    item = shopper.item_id if placement.strategy in ITEM_STRATEGIES else None
    before, after = (
        tuple(recommend(placement, customer=shopper.customer_id or None, item=item, rules=rules))
        for rules in (now, then)
    )
    if not before and not after:
        return None
    return Trial(
        placement=placement,
        shopper=shopper.name,
        now=tuple(_cell_before(item, _slots(after)) for item in before),
        then=tuple(_cell_after(item, _slots(before)) for item in after),
    )


def _slots(items: Sequence[Recommendation]) -> dict[str, int]:
    return {item.item_id: item.slot for item in items}


def _cell_before(item: Recommendation, after: dict[str, int]) -> Cell:
    goes = item.item_id not in after
    return Cell(item=item, change="out" if goes else "", note=_("goes") if goes else "")


def _cell_after(item: Recommendation, before: dict[str, int]) -> Cell:
    slot = before.get(item.item_id)
    if slot is None:
        return Cell(item=item, change="new", note=_("comes"))
    if slot == item.slot:
        return Cell(item=item, change="", note="")
    return Cell(item=item, change="moved", note=_("was number %s") % (slot + 1))


def _merged(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Shelves that show the same to several shoppers once, with all of their names."""
    merged: dict[object, Trial] = {}
    for trial in trials:
        lists = tuple(tuple(cell.item.item_id for cell in cells) for cells in (trial.now, trial.then))
        key = (trial.placement.slug, lists)
        known = merged.get(key)
        merged[key] = replace(known, shopper=f"{known.shopper}, {trial.shopper}") if known else trial
    return tuple(merged.values())


def _placements(draft: Rule) -> list[Placement]:
    active = {placement.slug: placement for placement in Placement.objects.filter(is_active=True)}
    wanted = draft.placements or [slug for slug in TRIED_FIRST if slug in active] or list(active)
    return [active[slug] for slug in wanted if slug in active][:SHELF_COUNT]


def _sample_shoppers() -> list[Shopper]:
    """The customers of the newest events, with the last item that each of them looked at or bought."""
    liked = Q(type__in=[EventType.VIEW_ITEM, EventType.ADD_TO_CART, EventType.PURCHASE])
    newest = Event.objects.human().consented(Purpose.PERSONALISATION).filter(liked).exclude(customer_id="")
    rows = newest.order_by("-pk").values_list("customer_id", "item_id")[:NEWEST_EVENTS]
    found: dict[str, str] = {}
    for customer_id, item_id in rows:
        found.setdefault(customer_id, item_id)
    return [
        Shopper(name=_("Customer %s") % customer_id, customer_id=customer_id, item_id=item_id)
        for customer_id, item_id in list(found.items())[:SAMPLE_COUNT]
    ]


def _stranger() -> Shopper:
    popular = recommend(Placement(slug="dry-run", strategy=Strategy.TRENDING, limit=1), rules=[])
    item_id = popular.items[0].item_id if popular.items else ""
    return Shopper(name=_("Somebody unknown"), item_id=item_id)


def _product_words(draft: Rule) -> str:
    """How many products met the conditions when the live model was trained."""
    model = live_model()
    among = Condition.of(draft).among(model.artifact) if model else None
    if model is None or model.artifact.shelf_facts is None:
        return ""
    if among is None:
        return _("The rule is about all products.") if not draft.words else ""
    count = int(among[1:].sum())
    if count == 0:
        return _("No product meets the conditions. Check the spelling of categories and attributes.")
    return _("%(count)d of %(all)d products meet the conditions, by the catalogue of the last training.") % {
        "count": count,
        "all": len(model.artifact.item_ids) - 1,
    }
