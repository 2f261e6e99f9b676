"""What tuning finds on Online Retail, and whether it is more than the luck of one month.

    python -m tests.benchmarks.online_retail_tuning --database FILE --trials 60 --minutes 60 --only voices

The data are those of `online_retail_blend`, before its test period. The search judges by 2011-09-11 to 2011-10-11; the
winner and the defaults then answer the questions of the month before and of the month after, fitted anew before each.
The study stays in the SQLite FILE, which is made when it does not exist, for the admin to show.
"""

import argparse
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.online_retail_blend import FILE, load

if TYPE_CHECKING:
    from django_recs.engine.splits import TimeSplit

END = datetime(2011, 11, 10, tzinfo=UTC)
"""The test period of the yardstick begins here; nothing after it is read."""
MONTH = timedelta(days=30)
WINDOWS = {"searched": END - 2 * MONTH, "month before": END - 3 * MONTH, "month after": END - MONTH}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", nargs="+", default=())
    parser.add_argument("--sampler", default="bayesian")
    parser.add_argument("--epochs", type=int, default=12, help="0: without the network")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["TEST_SQLITE_NAME"] = str(options.database.resolve())
    import django
    from django.conf import settings

    settings.DJANGO_RECS = {"NETWORK_EPOCHS": options.epochs, "TRAINING_THREADS": 1}
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    search(options)


def search(options: argparse.Namespace) -> None:
    """Run the study, print it, and compare its best trial with the defaults in the other months."""
    from django_recs.engine.interactions import Interactions
    from django_recs.pipeline.configuration import Configuration
    from django_recs.pipeline.export import ExportedData
    from django_recs.pipeline.merges import FOREVER, Merges
    from django_recs.pipeline.refunds import Refunds
    from django_recs.pipeline.tuning.objective import Objective
    from django_recs.pipeline.tuning.report import as_text, trial_line
    from django_recs.pipeline.tuning.search import open_search
    from django_recs.pipeline.tuning.studies import best_trial, new_study
    from django_recs.pipeline.tuning.worker import Worker

    events, content = load(options.data / FILE)
    events = events.before(int(END.timestamp()))

    def objective(start: datetime, parameters: list[str], events: Interactions = events) -> Objective:
        nothing = np.zeros(0, dtype=np.int32)
        refunds = Refunds(
            unit=nothing,
            item=nothing,
            time=nothing.astype(np.int64),
            quantity=nothing.astype(np.float32),
            basket=nothing,
        )
        units = np.arange(events.unit_count, dtype=np.int32)
        merges = Merges(into=units, at=np.full(len(units), FOREVER, dtype=np.int64))
        return Objective(
            data=ExportedData(gross=events, refunds=refunds, merges=merges, content=content, unknown_item_count=0),
            base=Configuration(),
            parameters=parameters,
            split=split_of(start),
        )

    study = new_study(
        trigger="benchmark",
        sampler=options.sampler,
        minutes=options.minutes,
        trial_limit=options.trials,
        only=options.only,
    )
    number, started = study.join(), time.process_time()
    Worker(
        study=study,
        number=number,
        objective=objective(WINDOWS["searched"], study.parameters),
        search=open_search(study, worker=number),
        on_trial=lambda trial: print(trial_line(trial), flush=True),
    ).run()
    study.refresh_from_db()
    print(as_text(study), f"\nCPU seconds of the search: {time.process_time() - started:.0f}\n", flush=True)
    best = best_trial(study)
    if best is None:
        return
    for label, start in WINDOWS.items():
        judge = objective(start, study.parameters)
        defaults, tuned = judge.judge(Configuration()), judge.judge(Configuration(values=best.values))
        gain, error = judge.gain(tuned, defaults)
        counts = {name: len(batch) for name, batch in judge.queries.items()}
        print(f"{label}, from {start:%Y-%m-%d} {counts}: defaults {shown(defaults.slice_scores)}", flush=True)
        print(f"  trial {best.number} {shown(tuned.slice_scores)}; gain {gain:+.4f} (s.e. {error:.4f})", flush=True)


def split_of(start: datetime) -> "TimeSplit":
    """Voices before ``start``, questions of the month from there."""
    from django_recs.engine.splits import TimeSplit

    first, last = int(start.timestamp()), int((start + MONTH).timestamp())
    return TimeSplit(valid_start=first, test_start=last, end=last + 1)


def shown(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {score:.4f}" for name, score in scores.items())


if __name__ == "__main__":
    main()
