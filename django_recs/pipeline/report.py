"""The evaluation table as text for a terminal; what is left out here is in its JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from django_recs.engine.evaluation.gate import MAIN_SLICES
from django_recs.engine.evaluation.protocol import GROUP_METRICS, EvaluationTable

METRICS = ("ndcg@10", "behind_blend", "precision@10", "recall@10", "hit_rate@10", "map@10", "mrr@10", "coverage@10")
VARIETY = ("novelty@10", "diversity@10", "popularity@10", "popularity_lift@10", "gini@10")
FIRST = ("blend", "champion", "unranked")


def as_text(table: EvaluationTable) -> str:
    """A block per slice: a line per recommender, the blend and the live version first, the others by NDCG@10.

    Then, on the first slice, what lists are like; and a line per group of those who asked, of the blend and its best
    part.
    """
    protocol = table.get("protocol", {})
    lines = []
    if {"valid_start", "test_start", "end"} <= protocol.keys():
        lines.append("Blended on {valid_start} to {test_start}, judged on {test_start} to {end}.".format_map(protocol))
    if note := protocol.get("live_version"):
        lines.append(str(note))
    for name, figures in table["slices"].items():
        lines += ["", *_slice_lines(name, figures, METRICS)]
    lines += [line for name in MAIN_SLICES[:1] for line in _variety_lines(name, table["slices"].get(name))]
    for groups in table.get("groups", {}).values():
        for name in MAIN_SLICES:
            lines += _group_lines(name, {label: slices[name] for label, slices in groups.items() if name in slices})
    for name, figures in table["slices"].items():
        lines += _chances(name, figures)
    return "\n".join(lines)


def _slice_lines(name: str, figures: dict[str, Any], metrics: Sequence[str]) -> list[str]:
    recommenders = figures["recommenders"]
    order = sorted(recommenders, key=lambda key: (key not in FIRST, -recommenders[key]["ndcg@10"]["mean"]))
    cells = [[key, *(_cell(recommenders[key].get(metric)) for metric in metrics)] for key in order]
    return _aligned([[f"{name} ({figures['query_count']:,} queries)", *metrics], *cells])


def _variety_lines(name: str, figures: dict[str, Any] | None) -> list[str]:
    if figures is None or not any(VARIETY[0] in each for each in figures["recommenders"].values()):
        return []
    return ["", *_slice_lines(name, figures, VARIETY)]


def _group_lines(name: str, groups: dict[str, dict[str, Any]]) -> list[str]:
    """The blend on one slice, a line per group, with the part that is best there."""
    rows = []
    for label, figures in groups.items():
        recommenders = figures["recommenders"]
        parts = [each for each in recommenders if each not in FIRST]
        best = max(parts, key=lambda each: recommenders[each]["ndcg@10"]["mean"], default="")
        own = [_cell(recommenders.get("blend", {}).get(metric)) for metric in GROUP_METRICS]
        behind = _cell(recommenders[best].get("behind_blend")) if best else ""
        rows.append([f"{label} ({figures['query_count']:,})", *own, best, behind])
    return ["", *_aligned([[f"blend, {name}", *GROUP_METRICS, "best part", "behind_blend"], *rows])] if rows else []


def _chances(name: str, figures: dict[str, Any]) -> Iterator[str]:
    for who, said in figures.get("reliability", {}).items():
        if said["count"]:
            yield f"{name}: declared chances of {who} lie {said['ece']:.4f} off on average (Brier {said['brier']:.4f})."


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cell(figure: dict[str, float | None] | None) -> str:
    if figure is None or figure["mean"] is None:
        return ""
    error = f" ({figure['se']:.4f})" if figure.get("se") is not None else ""
    return f"{figure['mean']:.4f}{error}"
