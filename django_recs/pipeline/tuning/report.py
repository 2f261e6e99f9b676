"""A study as text for a terminal."""

from collections.abc import Iterator, Sequence

from django_recs.models import TuningStudy, TuningTrial

State = TuningTrial.State
SHOWN = 5


def trial_line(trial: TuningTrial) -> str:
    """One line for a trial that has ended."""
    took = f"{(trial.finished_at - trial.started_at).total_seconds():.0f} s" if trial.finished_at else ""
    name = "the configuration in use" if trial.is_baseline else f"worker {trial.worker}"
    parts = [f"trial {trial.number:>3}", took.rjust(6), trial.get_state_display(), trial.message]
    if trial.state == State.COMPLETE and trial.score is not None:
        parts[2:] = [f"NDCG@10 {trial.score:.4f}", _gain(trial)]
    return "  ".join(filter(None, [*parts, name]))


def as_text(study: TuningStudy, *, limit: int = SHOWN) -> str:
    """What was searched, and the best trials beside the configuration in use: parameters down, trials across."""
    trials = list(study.trials.defer("query_scores"))
    complete = [trial for trial in trials if trial.state == State.COMPLETE]
    counts = ", ".join(
        f"{count} {label.lower()}"
        for state, label in State.choices
        if (count := sum(trial.state == state for trial in trials))
    )
    lines = [
        f"{study}: {study.get_status_display()}, {study.get_sampler_display().lower()} search. "
        f"Trials: {counts or 'none yet'}.",
        study.message,
    ]
    baseline = [trial for trial in complete if trial.is_baseline]
    best = sorted((trial for trial in complete if not trial.is_baseline), key=lambda trial: -(trial.score or 0.0))
    shown = [*baseline, *best[:limit]]
    return "\n".join([*filter(None, lines), *(["", *_table(study.parameters, shown)] if shown else [])])


def _table(names: Sequence[str], trials: Sequence[TuningTrial]) -> Iterator[str]:
    rows = [
        ["", *("in use" if trial.is_baseline else f"trial {trial.number}" for trial in trials)],
        ["NDCG@10", *(f"{trial.score:.4f}" for trial in trials)],
        ["gain (s.e.)", *("" if trial.is_baseline else _gain(trial) for trial in trials)],
        *([name, *(f"{trial.values.get(name, ''):g}" for trial in trials)] for name in names),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            cell.ljust(widths[0]) if not place else cell.rjust(widths[place]) for place, cell in enumerate(row)
        )
        yield "  ".join([first, *others]).rstrip()


def _gain(trial: TuningTrial) -> str:
    return "" if trial.gain is None else f"{trial.gain:+.4f} ({trial.gain_error or 0:.4f})"
