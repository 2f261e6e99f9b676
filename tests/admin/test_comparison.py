"""The evaluation table as the admin shows it."""

import math
from typing import Any

import pytest

from django_recs.admin.comparison import against_best_rival, compare, metric_names
from django_recs.model_cards.words import in_plain_words, metric_label, plain_value
from tests.admin.rows import evaluation, figures


def test_this_version_stands_first_and_baselines_follow_from_best_to_worst() -> None:
    table = evaluation(returning=figures(trend_7d=0.1, ease=0.3, champion=0.2, blend=0.25))

    comparison = compare(table)

    assert [row.name for row in comparison.rows] == ["blend", "champion", "ease", "trend_7d"]
    assert [row.is_own for row in comparison.rows] == [True, False, False, False]


def test_the_best_of_each_slice_is_marked_whoever_it_is() -> None:
    table = evaluation(returning=figures(blend=0.3, ease=0.2), cold_item=figures(blend=0.05, text_knn=0.07))

    comparison = compare(table)

    best = {row.name: [score is not None and score.is_best for score in row.scores] for row in comparison.rows}
    assert best == {"blend": [True, False], "ease": [False, False], "text_knn": [False, True]}


def test_bars_are_shares_of_the_longest_with_its_error() -> None:
    table = evaluation(returning=figures(blend=0.39, ease=0.2))

    [(part, bars)] = compare(table).charts

    assert (part.label, part.query_count) == ("Returning customers", 100)
    assert [(row.name, score.bar_percent, score.low_percent, score.high_percent) for row, score in bars] == [
        ("blend", 97.5, 95.0, 100.0),
        ("ease", 50.0, 47.5, 52.5),
    ]


def test_slices_come_in_the_order_of_the_labels_and_unknown_ones_last() -> None:
    table = evaluation(zoo=figures(blend=0.1), new_visitor_2=figures(blend=0.1), returning=figures(blend=0.1))

    assert [part.label for part in compare(table).slices] == ["Returning customers", "New visitors, 2 clicks", "zoo"]


def test_a_recommender_without_a_figure_leaves_a_gap() -> None:
    table = evaluation(returning=figures(blend=0.3, ease=0.2), cold_item=figures(blend=0.05))

    ease = compare(table).rows[1]

    assert [score.mean if score else None for score in ease.scores] == [0.2, None]


@pytest.mark.parametrize("error", [math.inf, math.nan, None, "wide"])
def test_an_error_that_is_no_finite_number_is_left_out(error: object) -> None:
    table = evaluation(returning={"blend": {"ndcg@10": {"mean": 0.5, "se": error}}})

    [row] = compare(table).rows

    assert row.scores[0] is not None
    assert (row.scores[0].standard_error, row.scores[0].bar_percent) == (None, 100.0)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        None,
        [],
        "x",
        {"slices": []},
        {"slices": {"returning": None}},
        {"slices": {"returning": {"recommenders": 1}}},
    ],
)
def test_a_table_from_elsewhere_is_read_as_empty(broken: Any) -> None:
    comparison = compare(broken)

    assert (comparison.slices, comparison.rows, metric_names(broken)) == ((), (), [])
    assert against_best_rival(broken, "returning") == (None, None)


def test_all_zero_figures_have_bars_of_no_length_and_no_best() -> None:
    table = evaluation(returning={"blend": {"ndcg@10": {"mean": 0.0, "se": 0.0}}})

    [row] = compare(table).rows

    assert row.scores[0] is not None
    assert (row.scores[0].bar_percent, row.scores[0].is_best) == (0.0, False)


def test_the_main_metric_comes_first_then_the_lead_then_the_alphabet() -> None:
    values = {name: {"mean": 0.1, "se": 0.0} for name in ("recall@20", "behind_blend", "map@10", "ndcg@10")}

    assert metric_names(evaluation(returning={"blend": values})) == ["ndcg@10", "behind_blend", "map@10", "recall@20"]
    assert [metric_label(name) for name in ("ndcg@10", "hit_rate@10")] == ["NDCG@10", "Hit rate@10"]


def test_a_lead_has_no_best() -> None:
    table = evaluation(returning={"ease": {"behind_blend": {"mean": 0.1, "se": 0.01}}})

    [row] = compare(table, metric="behind_blend").rows

    assert row.scores[0] is not None
    assert row.scores[0].is_best is False


def test_own_figure_and_best_rival() -> None:
    table = evaluation(returning=figures(blend=0.3, ease=0.2, champion=0.29))

    assert against_best_rival(table, "returning") == (0.3, 0.29)
    assert against_best_rival(table, "cold_item") == (None, None)


def test_the_gate_speaks_the_words_of_the_page() -> None:
    sentence = "On returning (1,203 queries) personal_frequency has NDCG@10 0.3044, blend only 0.2948."

    assert in_plain_words(sentence) == (
        "On “Returning customers” (1,203 queries) “Own habits” has NDCG@10 0.3044, “This version” only 0.2948."
    )


def test_nested_values_of_the_protocol_are_spelled_out() -> None:
    assert plain_value({"returning": {"ease": 0.2, "x_y": 1}}) == "returning Linear model (EASE) 0.2, x y 1"
