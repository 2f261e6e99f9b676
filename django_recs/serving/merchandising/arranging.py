"""The rules of one list, in the order in which they apply.

1. *Hide* takes products off; *show only* takes all others off. With several of the latter a product must meet each.
2. *Boost* and *bury* multiply scores; several that fit a product multiply together. Then the list is sorted again.
3. *Pins* take their positions.
4. The other positions are filled from the top. A product that would exceed a *cap* is passed over, and where a *quota*
   is behind its share, its best product comes first. Pins count towards both.

The shop's QuerySet comes before all of this, and what the shopper dismissed stays away whatever is pinned.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from django_recs.engine.artifacts import Artifact
from django_recs.engine.shelves.assortment import BoolArray
from django_recs.models import Rule
from django_recs.serving.merchandising.conditions import Condition, ProductFacts

Action = Rule.Action


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """One product on its way to a slot."""

    facts: ProductFacts
    score: float
    place: int
    """Where it stood before the rules, 0 first; a larger number for what was not on the list."""
    is_own: bool = True
    """Whether the list had it by itself. What is only here to be pinned is not shown otherwise."""


@dataclass(frozen=True, kw_only=True)
class Merchandising:
    """The rules in force for one list."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Self:
        """Older rules first, which decides between two pins of one position."""
        return cls(rules=tuple(sorted(rules, key=lambda rule: (rule.pk is None, rule.pk))))

    def __bool__(self) -> bool:
        return bool(self.rules)

    @property
    def pinned_ids(self) -> tuple[str, ...]:
        """Item ids that rules pin, so that they are read although the list may not have them."""
        return tuple(item_id for rule in self._with(Action.PIN) for item_id in map(str, rule.item_ids))

    def among(self, artifact: Artifact) -> BoolArray | None:
        """(I + 1,) where to look for what *show only* leaves; None for everywhere."""
        parts = [Condition.of(rule).among(artifact) for rule in self._with(Action.FILTER)]
        given = [part for part in parts if part is not None]
        return np.logical_and.reduce(given) if given else None

    def arrange(self, items: Sequence[Arranged], *, limit: int) -> list[Arranged]:
        """At most ``limit`` of the items, in order. Nothing where the list has nothing of its own to show."""
        shown = self._resorted(self._permitted(items))
        if not any(item.is_own for item in shown):
            return []
        pins = self._pins(shown, limit)
        pinned = {item.facts.item_id for item in pins.values()}
        others = [item for item in shown if item.is_own and item.facts.item_id not in pinned]
        return self._filled(others, pins, limit)

    def _with(self, action: Action) -> list[Rule]:
        return [rule for rule in self.rules if rule.action == action]

    def _permitted(self, items: Sequence[Arranged]) -> list[Arranged]:
        hidden = [Condition.of(rule) for rule in self._with(Action.HIDE)]
        only = [Condition.of(rule) for rule in self._with(Action.FILTER)]
        return [
            item
            for item in items
            if not any(condition.holds_for(item.facts) for condition in hidden)
            and all(condition.holds_for(item.facts) for condition in only)
        ]

    def _resorted(self, items: list[Arranged]) -> list[Arranged]:
        """By place, or by score times factors where some rule has one."""
        factors = [
            (Condition.of(rule), rule.factor or 1.0)
            for rule in self.rules
            if rule.action in (Action.BOOST, Action.BURY)
        ]
        if not factors:
            return sorted(items, key=lambda item: item.place)
        weighted = [
            replace(
                item,
                score=item.score
                * math.prod(factor for condition, factor in factors if condition.holds_for(item.facts)),
            )
            for item in items
        ]
        return sorted(weighted, key=lambda item: (-item.score, item.place))

    def _pins(self, items: list[Arranged], limit: int) -> dict[int, Arranged]:
        """The pinned product by slot (0 first). A slot that is taken leaves the next free one."""
        pins: dict[int, Arranged] = {}
        for rule in sorted(self._with(Action.PIN), key=lambda rule: rule.position or 0):
            condition = Condition.of(rule)
            fitting = [item for item in items if item not in pins.values() and condition.holds_for(item.facts)]
            if rule.item_ids:
                fitting.sort(key=lambda item: condition.item_ids.index(item.facts.item_id))
            slot = next((slot for slot in range((rule.position or 1) - 1, limit) if slot not in pins), None)
            if fitting and slot is not None:
                pins[slot] = fitting[0]
        return pins

    def _filled(self, items: list[Arranged], pins: dict[int, Arranged], limit: int) -> list[Arranged]:
        caps = [_Cap(rule) for rule in self._with(Action.CAP)]
        quotas = [_Quota(rule) for rule in self._with(Action.QUOTA)]
        for pin in pins.values():
            for cap in caps:
                cap.add(pin.facts)
        waiting = list(items)
        shelf: list[Arranged] = []
        for slot in range(limit):
            chosen = pins.get(slot)
            if chosen is None:
                open_items = [item for item in waiting if all(cap.has_room_for(item.facts) for cap in caps)]
                chosen = _due(quotas, open_items, slot) or next(iter(open_items), None)
                if chosen is None:
                    continue  # a later slot may hold a pin
                waiting.remove(chosen)
                for cap in caps:
                    cap.add(chosen.facts)
            for quota in quotas:
                quota.add(chosen.facts)
            shelf.append(chosen)
        return shelf


class _Cap:
    """How many of each group a shelf has so far."""

    def __init__(self, rule: Rule) -> None:
        self._condition = Condition.of(rule)
        self._most = rule.most or 0
        self._by = rule.cap_by
        self._counts: Counter[str] = Counter()

    def has_room_for(self, item: ProductFacts) -> bool:
        group = self._group(item)
        return group is None or self._counts[group] < self._most

    def add(self, item: ProductFacts) -> None:
        if (group := self._group(item)) is not None:
            self._counts[group] += 1

    def _group(self, item: ProductFacts) -> str | None:
        """None for what the rule is not about, which is also what has no label to count by."""
        if not self._condition.holds_for(item):
            return None
        return (item.label(self._by) or None) if self._by else ""


class _Quota:
    """How many products of a kind a shelf has, and should have."""

    def __init__(self, rule: Rule) -> None:
        self._condition = Condition.of(rule)
        self._share = (rule.share_percent or 0) / 100
        self._count = 0

    def is_due(self, slot: int) -> bool:
        """Whether slot ``slot`` (0 first) must have one, so that the share is reached as early as it can be."""
        return self._count < math.floor(self._share * (slot + 1) + 1e-9)

    def wants(self, item: ProductFacts) -> bool:
        return self._condition.holds_for(item)

    def add(self, item: ProductFacts) -> None:
        self._count += self.wants(item)


def _due(quotas: list[_Quota], items: list[Arranged], slot: int) -> Arranged | None:
    for quota in quotas:
        if quota.is_due(slot) and (found := next((item for item in items if quota.wants(item.facts)), None)):
            return found
    return None
