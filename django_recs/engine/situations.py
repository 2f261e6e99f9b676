"""The situations in which a visitor is recommended something, each with blend weights of its own."""

from enum import StrEnum

from django_recs.engine.interactions import Histories


class Situation(StrEnum):
    """What is known of the visitor, and what may be shown."""

    RETURNING = "returning"
    """Everything may be shown, also what the visitor had before."""
    NEW_TO_THEM = "new_to_them"
    """Only what the visitor never had."""
    COLD_ITEM = "cold_item"
    """Only products that hardly anybody has had yet."""
    NEW_VISITOR = "new_visitor"
    """A visitor of whom no more than a few products are known."""


NEW_VISITOR_ITEM_COUNT = 3
"""With so many distinct items or fewer, a visitor is new."""


def situation_of(histories: Histories) -> Situation:
    """The situation of one visitor for an open list. Raises `ValueError` when the batch is not of one visitor."""
    if len(histories) != 1:
        raise ValueError(f"One visitor at a time, not {len(histories)}.")
    few = len(set(histories.item.tolist())) <= NEW_VISITOR_ITEM_COUNT
    return Situation.NEW_VISITOR if few else Situation.RETURNING
