"""Evaluation tables to look at."""

from typing import Any


def figures(**means: float) -> dict[str, Any]:
    """NDCG@10 of recommenders, each with a standard error of 0.01."""
    return {name: {"ndcg@10": {"mean": mean, "se": 0.01}} for name, mean in means.items()}


def evaluation(**slices: dict[str, Any]) -> dict[str, Any]:
    """An evaluation table of a hundred questions per slice."""
    parts = {name: {"query_count": 100, "recommenders": recommenders} for name, recommenders in slices.items()}
    return {"protocol": {"test_start": "2026-01-01"}, "slices": parts}
