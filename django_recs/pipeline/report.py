"""The evaluation table as text for a terminal."""

from collections.abc import Sequence

from django_recs.engine.evaluation.protocol import GROUP_METRICS, EvaluationTable

METRICS = ("ndcg@10", "precision@10", "recall@10", "hit_rate@10", "map@10", "mrr@10")
VARIETY = ("coverage@10", "novelty@10", "diversity@10", "popularity@10", "popularity_lift@10", "gini@10")
PAIRED = ("behind_blend", "behind_champion")
FIRST = ("blend", "champion")


def as_text(table: EvaluationTable) -> str:
    """One block per slice: a line per recommender, the blend and the live version first, the others by NDCG@10.

    Then what the lists of returning customers are like, who stood how far behind whom, and the slices by who asked.
    """
    protocol = table.get("protocol", {})
    lines = []
    if {"valid_start", "test_start", "end"} <= protocol.keys():
        lines.append("Blended on {valid_start} to {test_start}, judged on {test_start} to {end}.".format_map(protocol))
    if note := protocol.get("live_version"):
        lines.append(str(note))
    for name, figures in table["slices"].items():
        lines += ["", *_slice_lines(name, figures, METRICS)]
    for name, figures in table["slices"].items():
        for metrics in (PAIRED, VARIETY):
            lines += _only_known(name, figures, metrics)
    for groups in table.get("groups", {}).values():
        for label, slices in groups.items():
            for name, figures in slices.items():
                lines += ["", *_slice_lines(f"{label}, {name}", figures, GROUP_METRICS)]
    for name, figures in table["slices"].items():
        lines += [
            f"{name}: declared chances of {who} are {said['ece']:.4f} off on average (Brier {said['brier']:.4f})."
            for who, said in figures.get("reliability", {}).items()
            if said["count"]
        ]
    return "\n".join(lines)


def _only_known(name: str, figures: EvaluationTable, metrics: Sequence[str]) -> list[str]:
    """A block of the ``metrics`` that any recommender has, nothing where none has one."""
    known = [metric for metric in metrics if any(metric in each for each in figures["recommenders"].values())]
    return ["", *_slice_lines(name, figures, known)] if known else []


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
