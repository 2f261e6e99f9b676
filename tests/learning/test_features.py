from django_recs.learning.features import fit_gap_edges
from tests.learning.worlds import interactions_of


def test_gap_edges_split_the_pauses_evenly_and_keep_the_same_moment_apart() -> None:
    rows = [(0, 1, 0), (0, 2, 0), (0, 3, 100), (0, 4, 300), (0, 5, 700), (1, 1, 5), (1, 2, 805)]

    edges = fit_gap_edges(interactions_of(rows, item_count=5), bucket_count=3)

    # pauses 100, 200, 400 and 800 s, halved at 300 s; from one unit to the next there is no pause
    assert edges.tolist() == [1, 300]


def test_without_any_pause_there_are_two_buckets() -> None:
    assert fit_gap_edges(interactions_of([(0, 1, 7), (0, 2, 7)], item_count=2)).tolist() == [1]
