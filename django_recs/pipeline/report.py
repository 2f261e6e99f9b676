"""The evaluation table as text for a terminal."""

from collections.abc import Sequence

from django_recs.engine.evaluation.protocol import EvaluationTable

METRICS = ("ndcg@10", "ndcg@20", "recall@20", "hit_rate@10", "map@10", "coverage@10")
FIRST = ("blend", "champion")


def as_text(table: EvaluationTable, *, metrics: Sequence[str] = METRICS) -> str:
    """One block per slice: a line per recommender, the blend and the live version first, the others by NDCG@10."""
    protocol = table.get("protocol", {})
    lines = []
    if {"valid_start", "test_start", "end"} <= protocol.keys():
        lines.append("Blended on {valid_start} to {test_start}, judged on {test_start} to {end}.".format_map(protocol))
    if note := protocol.get("live_version"):
        lines.append(str(note))
    for name, figures in table["slices"].items():
        lines += ["", *_slice_lines(name, figures, metrics)]
    return "\n".join(lines)


def _slice_lines(name: str, figures: EvaluationTable, metrics: Sequence[str]) -> list[str]:
    recommenders = figures["recommenders"]
    order = sorted(recommenders, key=lambda key: (key not in FIRST, -recommenders[key]["ndcg@10"]["mean"]))
    cells = [[key, *(_cell(recommenders[key].get(metric)) for metric in metrics)] for key in order]
    head = [f"{name} ({figures['query_count']:,} queries)", *metrics]
    widths = [max(len(row[column]) for row in [head, *cells]) for column in range(len(head))]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *cells]
    ]


def _cell(figure: dict[str, float | None] | None) -> str:
    if figure is None or figure["mean"] is None:
        return ""
    error = f" ({figure['se']:.4f})" if figure.get("se") is not None else ""
    return f"{figure['mean']:.4f}{error}"
