"""When a blend may go live."""

from typing import Any

import pytest

from django_recs.engine.evaluation.gate import judge


def figures(blend: float, others: dict[str, float], *, queries: int = 500, se: float = 0.01) -> dict[str, Any]:
    """A slice in which every recommender has a mean and the same error of its difference to the blend."""
    return {
        "query_count": queries,
        "recommenders": {
            name: {"ndcg@10": {"mean": mean, "se": 0.02}, "behind_blend": {"mean": blend - mean, "se": se}}
            for name, mean in {**others, "blend": blend}.items()
        },
    }


def table(**slices: dict[str, Any]) -> dict[str, Any]:
    return {"protocol": {}, "slices": slices}


GOOD = figures(0.30, {"trend_7d": 0.1, "ease": 0.29})


def test_a_blend_that_beats_each_of_its_parts_goes_live() -> None:
    assert judge(table(returning=GOOD, new_to_them=GOOD, cold_item=GOOD, new_visitor_1=GOOD)) == []


@pytest.mark.parametrize("name", ["returning", "new_to_them"])
def test_on_main_slices_any_part_that_is_better_is_a_reason(name: str) -> None:
    slices = {"returning": GOOD, "new_to_them": GOOD, name: figures(0.30, {"ease": 0.3004, "trend_7d": 0.1})}

    assert judge(table(**slices)) == [f"On {name} (500 queries) ease has NDCG@10 0.3004, blend only 0.3000."]


@pytest.mark.parametrize(("text", "passes"), [(0.319, True), (0.321, False)])
def test_on_side_slices_two_standard_errors_are_noise(text: float, passes: bool) -> None:
    reasons = judge(table(returning=GOOD, cold_item=figures(0.30, {"text_knn": text}, queries=1_234)))

    assert reasons == (
        [] if passes else ["On cold_item (1,234 queries) text_knn has NDCG@10 0.3210, blend only 0.3000."]
    )


@pytest.mark.parametrize(("champion", "passes"), [(0.319, True), (0.321, False)])
def test_the_live_version_has_to_be_better_beyond_noise(champion: float, passes: bool) -> None:
    assert (judge(table(returning=figures(0.30, {"champion": champion}))) == []) is passes


def test_without_a_champion_its_name_is_a_part_like_others() -> None:
    assert judge(table(returning=figures(0.30, {"champion": 0.31})), champion=None) != []


def test_slices_of_a_handful_are_not_judged() -> None:
    handful = figures(0.1, {"ease": 0.5}, queries=9)

    assert judge(table(returning=GOOD, new_to_them=handful, cold_item=handful)) == []


@pytest.mark.parametrize(("ease", "passes"), [(0.319, True), (0.321, False)])
def test_in_a_small_shop_noise_is_allowed_on_main_slices_too(ease: float, passes: bool) -> None:
    reasons = judge(table(returning=figures(0.30, {"ease": ease}, queries=99)))

    assert reasons == ([] if passes else ["On returning (99 queries) ease has NDCG@10 0.3210, blend only 0.3000."])


@pytest.mark.parametrize("slices", [{}, {"returning": figures(0.3, {}, queries=9)}, {"cold_item": GOOD}])
def test_nothing_to_judge_by_is_a_reason(slices: dict[str, Any]) -> None:
    assert judge(table(**slices)) == ["Neither returning nor new_to_them has the 10 queries that a judgement needs."]
