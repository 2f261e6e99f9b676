"""In which situation a visitor is."""

import pytest

from django_recs.engine.situations import Situation, situation_of
from tests.engine.by_hand import visitors


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], Situation.NEW_VISITOR),
        ([1, 2, 3], Situation.NEW_VISITOR),
        ([1, 1, 1, 1, 2, 3], Situation.NEW_VISITOR),
        ([1, 2, 3, 4], Situation.RETURNING),
    ],
)
def test_three_different_items_still_make_a_new_visitor(items: list[int], expected: Situation) -> None:
    assert situation_of(visitors([(item, 1) for item in items], now_day=2)) is expected


def test_one_visitor_at_a_time() -> None:
    with pytest.raises(ValueError, match="One visitor at a time, not 2"):
        situation_of(visitors([], [], now_day=1))
