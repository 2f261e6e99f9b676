"""May the new blend go live? Judged from the evaluation table alone."""

from collections.abc import Sequence

from django_recs.engine.evaluation.protocol import EvaluationTable

MIN_QUERIES = 100
"""Slices with fewer queries are shown but not judged: their error is larger than any difference that matters."""
GATED_SLICES: tuple[str, ...] = (
    "returning",
    "new_to_them",
    "cold_item",
    "new_visitor_1",
    "new_visitor_2",
    "new_visitor_3",
)


def judge(
    table: EvaluationTable,
    *,
    challenger: str = "blend",
    champion: str | None = "champion",
    gated_slices: Sequence[str] = GATED_SLICES,
    min_queries: int = MIN_QUERIES,
) -> list[str]:
    """Why ``challenger`` may not go live, one sentence per reason; empty when it may.

    The rule, on every gated slice with at least ``min_queries`` queries, on NDCG@10:

    - the challenger's mean must not be below that of any other recommender of the table (the baselines);
    - its mean must not be below the champion's by more than one standard error of their paired difference: the live
      version was chosen on other data, so a difference within noise does not keep a fresher one out.

    A table in which no gated slice has enough queries is a reason of its own.
    """
    reasons = []
    judged = 0
    for name in gated_slices:
        figures = table["slices"].get(name)
        if figures is None or figures["query_count"] < min_queries:
            continue
        judged += 1
        own = figures["recommenders"][challenger]["ndcg@10"]["mean"]
        for other, metrics in figures["recommenders"].items():
            if other == challenger:
                continue
            mean, behind = metrics["ndcg@10"]["mean"], metrics["behind_blend"]
            tolerance = (behind["se"] or 0.0) if other == champion else 0.0
            if -behind["mean"] > tolerance:
                reasons.append(
                    f"On {name} ({figures['query_count']:,} queries) {other} has NDCG@10 {mean:.4f}, "
                    f"{challenger} only {own:.4f}."
                )
    if not judged:
        reasons.append(f"No slice has the {min_queries:,} queries that a judgement needs.")
    return reasons
