"""What each part adds: the blend without it, and the part alone, on each data set.

    python -m tests.benchmarks.ablation [--network] [--data ../shared/data] [--markdown]     before the test period
    python -m tests.benchmarks.ablation --final                                              the test period, once

Parts are fitted before a validation window; the blend's weights are chosen on it, with all parts and anew without each
of them, so that the others may take over its share. Everything is fitted again before the window after, and judged
there. That is the month before the test period unless ``--final`` says otherwise: an ablation is a choice among
designs, and the test period is for one reading. Differences are paired by question, with queries that want the same
item as one witness.

Data: Online Retail as in `tests.benchmarks.online_retail_blend`; MovieLens 1M and Amazon Beauty as in
`tests.benchmarks.leave_one_out`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from django_recs.engine.blend import Blend
from django_recs.engine.blend_fit import fit_blend
from django_recs.engine.evaluation.protocol import EvaluationTable, evaluate
from django_recs.engine.evaluation.queries import Queries, next_basket_queries
from django_recs.engine.interactions import Interactions
from django_recs.engine.ranking.facts import ItemFacts, item_facts
from django_recs.engine.ranking.fit import fit_rankers
from django_recs.engine.recommender import Recommender
from django_recs.engine.splits import TimeSplit
from tests.benchmarks import leave_one_out as lists
from tests.benchmarks import online_retail_blend as retail
from tests.benchmarks import order_only

RANKER = "ranker"
TREND = "trend"
"""The trends of three, seven and fourteen days are one part: without one of them the others say nearly the same."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Voices fitted on a past, and the questions that follow it."""

    voices: tuple[Recommender, ...]
    queries: Mapping[str, Queries]
    facts: ItemFacts
    """What rankers know of the items by then."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Where the parts are weighed, and where they are judged."""

    name: str
    judged_on: str
    valid: Stage
    judged: Stage


def online_retail(folder: Path, *, with_network: bool, final: bool) -> DataSet:
    """The protocol of `online_retail_blend`; one month earlier unless ``final``."""
    interactions, content = retail.load(folder / retail.FILE)
    if not final:
        interactions = interactions.before(int(datetime(2011, 11, 10, tzinfo=UTC).timestamp()))
    split = TimeSplit.of(interactions, valid_days=30, test_days=30)

    def stage(start: int, end: int) -> Stage:
        return Stage(
            voices=retail.fit(interactions.before(start), content, with_network=with_network),
            queries=_questions(interactions, start, end),
            facts=item_facts(interactions.before(start), content.prices),
        )

    first, last = (datetime.fromtimestamp(moment, UTC).date() for moment in (split.test_start, split.end))
    return DataSet(
        name="Online Retail",
        judged_on=f"{first} to {last}{', the test period' if final else ', the month before the test period'}",
        valid=stage(split.valid_start, split.test_start),
        judged=stage(split.test_start, split.end),
    )


def _questions(interactions: Interactions, start: int, end: int) -> dict[str, Queries]:
    return next_basket_queries(interactions, start=start, end=end, event_weights=retail.WEIGHTS, history_length=200)


def leave_one_out(name: str, folder: Path, *, with_network: bool, final: bool) -> DataSet:
    """Everybody's last item but one, weights from the one before it; with ``final`` each one place later."""
    data = order_only.load(folder, name, step_days=lists.STEP_DAYS)
    judged = 1 if final else 2

    def stage(left_out: int) -> Stage:
        known = data.known(left_out)
        voices = lists.counting_voices(data, known)
        if with_network:
            voices.append(lists.network_voice(data, known, {}))
        queries = data.queries(left_out, history_length=lists.HISTORY_LENGTH)
        facts = item_facts(known, data.content.prices)
        return Stage(voices=tuple(voices), queries={queries.name: queries}, facts=facts)

    return DataSet(
        name={"movielens_1m": "MovieLens 1M", "amazon_beauty": "Amazon Beauty"}[name],
        judged_on=f"everybody's last item{'' if final else ' but one, the validation items'}",
        valid=stage(judged + 1),
        judged=stage(judged),
    )


DATA_SETS: Mapping[str, Callable[..., DataSet]] = {
    "online_retail": online_retail,
    **{name: partial(leave_one_out, name) for name in order_only.NAMES},
}


def part_of(voice: str) -> str:
    """The part that a voice belongs to."""
    return TREND if voice.startswith(f"{TREND}_") else voice


def ablate(data: DataSet, *, ranked: bool) -> EvaluationTable:
    """The table of the whole blend as "blend", the blend without each part as "without PART", and each voice alone.

    Args:
        ranked: rankers order what the weighted sum finds, learned anew without each part; they are a part themselves.
    """
    parts = list(dict.fromkeys(part_of(voice.name) for voice in data.valid.voices))
    blends = {"blend": _fitted(data, data.valid.voices, ranked=ranked)}
    if ranked:
        blends[f"without {RANKER}"] = replace(blends["blend"], rankers={})
    for part in parts:
        print(f"  without {part}", file=sys.stderr)
        kept = tuple(voice for voice in data.valid.voices if part_of(voice.name) != part)
        blends[f"without {part}"] = _fitted(data, kept, ranked=ranked)
    return evaluate(data.judged.voices, data.judged.queries, blends=blends)


def _fitted(data: DataSet, voices: Sequence[Recommender], *, ranked: bool) -> Blend:
    """Weights of ``voices`` chosen on the validation window, over the same voices fitted again."""
    blend = fit_blend(voices, data.valid.queries)
    if ranked:
        rankers = fit_rankers(blend, data.valid.queries, data.valid.facts)
        blend = replace(blend, rankers=rankers, facts=data.valid.facts)
    return blend.with_voices(data.judged.voices, facts=data.judged.facts)


def rows(table: EvaluationTable) -> Iterator[list[str]]:
    """A line per part: per slice its voice alone, and what the blend loses without it, with the error of the pair."""
    slices = table["slices"]
    parts = [name.removeprefix("without ") for name in _recommenders(table) if name.startswith("without ")]
    yield ["part", *(f"{name} ({figures['query_count']:,}): alone, adds" for name, figures in slices.items())]
    whole = [figures["recommenders"]["blend"]["ndcg@10"] for figures in slices.values()]
    yield ["blend", *(f"{_score(each['mean'])} ({_score(each['se'])})" for each in whole)]
    for part in parts:
        yield [part, *(_cell(figures["recommenders"], part) for figures in slices.values())]


def _cell(recommenders: Mapping[str, Any], part: str) -> str:
    alone = [
        figures["ndcg@10"]["mean"]
        for name, figures in recommenders.items()
        if part_of(name) == part and not name.startswith("without ")
    ]
    lost = recommenders[f"without {part}"]["behind_blend"]
    return f"{_score(max(alone)) if alone else '-'}, {_score(lost['mean'], sign=True)} ({_score(lost['se'])})"


def _recommenders(table: EvaluationTable) -> list[str]:
    return list(next(iter(table["slices"].values()))["recommenders"])


def _score(value: float, *, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''}.4f}".replace("0.", ".")


def printed(table: EvaluationTable, *, markdown: bool) -> str:
    found = list(rows(table))
    if markdown:
        found.insert(1, ["---"] * len(found[0]))
        return "\n".join(f"| {' | '.join(row)} |" for row in found)
    widths = [max(len(row[column]) for row in found) for column in range(len(found[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in found
    )


@pytest.mark.benchmark
@pytest.mark.real_data
def test_no_part_of_the_blend_does_harm_beyond_noise(data_folder: Path) -> None:
    table = ablate(online_retail(data_folder, with_network=False, final=False), ranked=True)

    print("\n" + printed(table, markdown=False))

    harm = {
        (name, part): figures["behind_blend"]
        for name, each in table["slices"].items()
        for part, figures in each["recommenders"].items()
        if part.startswith("without ") and figures["behind_blend"]["mean"] < -3 * figures["behind_blend"]["se"]
    }
    assert harm == {}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", choices=[*DATA_SETS, []], help="all data sets when left out")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--network", action="store_true", help="with the sequence network, which takes minutes")
    parser.add_argument("--sum-alone", action="store_true", help="without the rankers, which take most of the time")
    parser.add_argument("--final", action="store_true", help="judge on the test period")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    for name in options.sets or DATA_SETS:
        started = time.process_time()
        data = DATA_SETS[name](options.data, with_network=options.network, final=options.final)
        for ranked in (False,) if options.sum_alone else (False, True):
            table = ablate(data, ranked=ranked)
            stages = "the sum and its rankers" if ranked else "the sum alone"
            print(f"{data.name}, {stages}, judged on {data.judged_on}; NDCG@10, {_seconds(started)} CPU s so far\n")
            print(printed(table, markdown=options.markdown) + "\n", flush=True)


def _seconds(started: float) -> int:
    return round(time.process_time() - started)


if __name__ == "__main__":
    _main()
