"""May the new blend go live? Judged from the evaluation table alone."""

from collections.abc import Sequence
from typing import Any

from django_recs.engine.evaluation.protocol import EvaluationTable

MAIN_SLICES: tuple[str, ...] = ("returning", "new_to_them")
"""Where the blend has to be at least as good as each of its parts, whatever the noise."""
SIDE_SLICES: tuple[str, ...] = ("cold_item", "new_visitor_1", "new_visitor_2", "new_visitor_3")
"""Where it must not be worse beyond noise: a month's new products are few, and a handful of them decides the figure."""
MIN_QUERIES = 100
"""With fewer queries noise is allowed on a main slice too: a small shop has nothing firmer to judge by."""
FEWEST_QUERIES = 10
"""Slices with fewer queries are shown but not judged."""
NOISE_ERRORS = 2.0
"""Standard errors of a paired difference that count as noise."""


def judge(
    table: EvaluationTable,
    *,
    challenger: str = "blend",
    champion: str | None = "champion",
    first_stage: str = "unranked",
) -> list[str]:
    """Why ``challenger`` may not go live, one sentence per reason; empty when it may.

    The rule, for NDCG@10 on every slice with at least `FEWEST_QUERIES` queries:

    - on `MAIN_SLICES` with `MIN_QUERIES` its mean must not be below that of any other recommender of the table;
    - on `SIDE_SLICES`, and on smaller main slices, its mean must not be below another's by more than `NOISE_ERRORS`
      standard errors of their paired difference, in which queries that want the same item are one witness;
    - against ``champion``, the live version, the second rule holds on all slices: it was chosen on other data, and a
      difference within noise does not keep a fresher version out. So it does against ``first_stage``, the blend
      without its rankers, which proved themselves on other data as well.

    A table in which no main slice has enough queries is a reason of its own.
    """
    slices = table["slices"]
    judged = [
        name
        for name in (*MAIN_SLICES, *SIDE_SLICES)
        if name in slices and slices[name]["query_count"] >= FEWEST_QUERIES
    ]
    reasons = [
        reason for name in judged for reason in _slice_reasons(slices[name], name, challenger, (champion, first_stage))
    ]
    if not set(judged) & set(MAIN_SLICES):
        reasons.append(f"Neither {' nor '.join(MAIN_SLICES)} has the {FEWEST_QUERIES} queries that a judgement needs.")
    return reasons


def _slice_reasons(figures: dict[str, Any], name: str, challenger: str, whole: tuple[str | None, ...]) -> Sequence[str]:
    """``whole``: recommenders that are no single part of the challenger."""
    own = figures["recommenders"][challenger]["ndcg@10"]["mean"]
    reasons = []
    for other, metrics in figures["recommenders"].items():
        behind = metrics["behind_blend"]
        strict = name in MAIN_SLICES and figures["query_count"] >= MIN_QUERIES and other not in whole
        tolerated = 0.0 if strict else NOISE_ERRORS * (behind["se"] or 0.0)
        if other != challenger and behind["mean"] < -tolerated:
            reasons.append(
                f"On {name} ({figures['query_count']:,} queries) {other} has NDCG@10 {metrics['ndcg@10']['mean']:.4f}, "
                f"{challenger} only {own:.4f}."
            )
    return reasons
