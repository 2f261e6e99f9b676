"""The model card of a version that was written out by hand, and of one of which nothing is known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from django_recs.model_cards import as_markdown, model_card
from django_recs.model_cards.figures import Figure
from django_recs.models import Evaluation, ModelVersion, TrainingRun

pytestmark = pytest.mark.django_db
Status = ModelVersion.Status

DATASET = {
    "code_version": "0.1.0",
    "fingerprint": "0123456789abcdef0123",
    "trained_until": int(datetime(2026, 7, 1, tzinfo=UTC).timestamp()),
    "first_event_at": "2025-07-01T08:00:00+00:00",
    "event_count": 12_345,
    "events_by_type": {"view_item": 12_000, "purchase": 345},
    "refund_count": 6,
    "unit_count": 400,
    "customer_count": 300,
    "item_count": 50,
    "silent_item_count": 7,
    "purpose": "personalisation",
    "unknown_item_count": 8,
    "bot_event_count": 9,
    "unconsented_event_count": 1_000,
}


def figure(mean: float, error: float | None = 0.01) -> dict[str, float | None]:
    return {"mean": mean, "se": error}


def returning() -> dict[str, Any]:
    """A slice in which the blend is ahead of the live version and of EASE, which is the best of its parts."""
    return {
        "query_count": 250,
        "recommenders": {
            "blend": {
                "ndcg@10": figure(0.3),
                "recall@10": figure(0.25),
                "hit_rate@10": figure(0.749),
                "behind_blend": figure(0),
                "coverage@10": figure(0.4, None),
                "novelty@10": figure(5.5, 0.02),
                "popularity_lift@10": figure(-0.125, 0.03),
            },
            "champion": {"ndcg@10": figure(0.28), "behind_blend": figure(0.02, 0.004)},
            "unranked": {"ndcg@10": figure(0.29), "behind_blend": figure(0.01, 0.003)},
            "ease": {"ndcg@10": figure(0.2), "behind_blend": figure(0.1, 0.005)},
            "trend_7d": {"ndcg@10": figure(0.1), "behind_blend": figure(0.2, 0.006)},
        },
        "exposure": {"blend": [0.5, *[0.0] * 8, 0.5], "truth": [0.25, 0.75, *[0.0] * 8]},
        "reliability": {
            "blend": {
                "count": 20,
                "ece": 0.0125,
                "brier": 0.1,
                "bins": [{"count": 20, "predicted": 0.2, "observed": 0.25, "se": 0.05}],
            }
        },
    }


def table() -> dict[str, Any]:
    return {
        "protocol": {
            "valid_start": "2026-05-02",
            "test_start": "2026-06-01",
            "end": "2026-07-01",
            "test_period_reads": 1,
            "live_version": "Version 1 is compared as it is.",
            "ranked": ["returning", "new_visitor"],
            "weights": {"returning": {"ease": 0.25, "trend_7d": 0.75}, "new_visitor": {"ease": 1.0, "trend_7d": 0.0}},
        },
        "slices": {"cold_item": {"query_count": 12, "recommenders": {}}, "returning": returning()},
        "groups": {"buyers": {"heavy_buyers": {"returning": {**returning(), "query_count": 40}}}},
    }


def version(**columns: Any) -> ModelVersion:
    values = {"artifact": f"run-{TrainingRun.objects.count()}", "manifest_sha256": "0" * 64, "status": Status.STAGED}
    return ModelVersion.objects.create(run=TrainingRun.objects.create(), **{**values, **columns})


@pytest.fixture
def judged() -> ModelVersion:
    return version(metrics=table(), dataset=DATASET, gate_reasons=["On returning (250 queries) ease has NDCG@10 0.4."])


def test_the_card_says_in_short_what_the_version_is_worth(judged: ModelVersion) -> None:
    card = model_card(judged)

    assert card.title == f"Model card of {judged}"
    assert card.summary == (
        f"{judged} chooses what the shop recommends to each visitor.",
        "It learned from what people did until 1 Jul 2026.",
        "Of 100 returning customers, 75 found something they went on to buy among ten recommendations.",
        "Its ranking (NDCG@10) lies 0.100 ± 0.005 above that of its best single part, “Linear model (EASE)”.",
        "The gate objected to it; see below.",
    )
    assert card.objections == ("On “Returning customers” (250 queries) “Linear model (EASE)” has NDCG@10 0.4.",)
    assert card.period == "1 Jun 2026 to 1 Jul 2026"


def test_each_slice_stands_beside_the_live_version_and_the_best_part(judged: ModelVersion) -> None:
    card = model_card(judged)

    first, second = card.slices
    assert (first.label, first.query_count, second.label) == ("Returning customers", 250, "New items")
    assert (first.own, first.champion) == (Figure(mean=0.3, error=0.01), Figure(mean=0.28, error=0.01))
    assert (first.champion_lead, first.rival_lead) == (Figure(mean=0.02, error=0.004), Figure(mean=0.1, error=0.005))
    assert (first.rival_label, first.rival) == ("Linear model (EASE)", Figure(mean=0.2, error=0.01))
    assert [(bar.label, bar.percent, bar.is_own) for bar in first.bars] == [
        ("This version", 96.77, True),
        ("Live at that time", 90.32, False),
        ("Linear model (EASE)", 64.52, False),
    ]
    assert (second.own, second.bars) == (None, [])
    (grouping,) = card.groups
    assert (grouping.label, grouping.slice_label) == ("By how often they buy", "Returning customers")
    assert [(group.label, group.query_count) for group in grouping.groups] == [("Heavy buyers", 40)]


def test_the_data_is_told_with_what_is_not_in_it(judged: ModelVersion) -> None:
    card = model_card(judged)

    assert [(fact.name, fact.value, fact.note) for fact in card.learned_from] == [
        ("Period", "1 Jul 2025 to 1 Jul 2026", ""),
        ("Events", "12,345", "view item 12,000, purchase 345"),
        ("People", "400", "300 customers and 100 guests"),
        ("Products in the catalogue", "50", "7 of them nobody has touched yet"),
        ("Refunds taken off", "6", ""),
        ("Consent to", "personalisation", ""),
    ]
    assert card.left_out[:4] == (
        "Who did not consent to personalisation is not in the data at all.",
        "1,000 events were left out for want of that consent.",
        "9 events of known robots were left out.",
        "8 events speak of products that the catalogue no longer knows; they were left out.",
    )


def test_what_is_shown_stands_beside_what_is_bought(judged: ModelVersion) -> None:
    card = model_card(judged)

    shown = [(part.number, part.shown_percent, part.bought_percent) for part in card.exposure]
    assert (shown[:2], shown[9]) == ([(1, 50.0, 25.0), (2, 0.0, 75.0)], (10, 50.0, 0.0))
    assert (card.exposure[0].shown_length, card.exposure[1].bought_length) == (66.67, 100.0)
    assert [(fact.name, fact.value) for fact in card.variety] == [
        ("Coverage@10", "0.400"),
        ("Novelty@10", "5.500 ± 0.020"),
        ("Popularity lift@10", "-0.125 ± 0.030"),
    ]
    assert [(each.predicted_percent, each.observed_percent, each.count) for each in card.reliability] == [
        (20.0, 25.0, 20)
    ]
    assert card.calibration_error == 0.0125


@pytest.mark.parametrize(
    ("lift", "sentence"),
    [
        (0.304, "What it recommends is 30 % better known than what the same people had taken before."),
        (-0.2, "What it recommends is 20 % less known than what the same people had taken before."),
        (0.03, "What it recommends is about as well known as what the same people had taken before."),
    ],
)
def test_a_leaning_towards_bestsellers_is_said_in_a_sentence(lift: float, sentence: str) -> None:
    metrics = {"slices": {"returning": {"recommenders": {"blend": {"popularity_lift@10": figure(lift, 0.02)}}}}}

    assert model_card(version(metrics=metrics)).leaning == sentence


def test_how_it_was_made_and_what_to_be_careful_of(judged: ModelVersion) -> None:
    earlier = version(metrics={"protocol": {"end": "2026-06-02"}})
    ended_before = version(metrics={"protocol": {"end": "2026-06-01"}})
    newest = version(metrics=table(), dataset=DATASET)

    card = model_card(newest)

    made = {fact.name: fact.value for fact in card.made}
    assert made["Weights chosen on"] == "2 May 2026 to 1 Jun 2026"
    assert made["Judged on"] == "1 Jun 2026 to 1 Jul 2026"
    assert made["Test period read in this training"] == "once"
    assert made["Fingerprint of the data"] == "0123456789abcdef"
    assert [(fact.name, fact.value) for fact in card.weights] == [
        ("Returning customers", "Bestsellers, 7 days 75 %, Linear model (EASE) 25 %"),
        ("New visitors", "Linear model (EASE) 100 %"),
        ("Put in order by decision trees", "Returning customers, New visitors"),
    ]
    assert "Few questions were asked here, so chance weighs heavily: New items." in card.limits
    assert any(
        limit.startswith("Nothing is known of: Items new to them, New visitors, 1 click") for limit in card.limits
    )
    assert any("judged earlier versions, too (2)" in limit for limit in card.limits)  # `judged` and `earlier`
    assert not any("judged earlier" in limit for limit in model_card(ended_before).limits)
    assert earlier.pk < newest.pk


def test_later_evaluations_follow_the_newest_first(judged: ModelVersion) -> None:
    for month in (7, 8):
        Evaluation.objects.create(
            version=judged,
            start=datetime(2026, 7, 1, tzinfo=UTC),
            end=datetime(2026, month + 1, 1, tzinfo=UTC),
            table={"slices": {"returning": returning()}},
        )

    card = model_card(judged)

    assert [later.period for later in card.later] == ["1 Jul 2026 to 1 Sep 2026", "1 Jul 2026 to 1 Aug 2026"]
    assert [each.own for each in card.later[0].cards] == [Figure(mean=0.3, error=0.01)]


def test_the_markdown_holds_every_section_and_figure(judged: ModelVersion) -> None:
    text = as_markdown(model_card(judged))

    assert [line for line in text.splitlines() if line.startswith("#")] == [
        f"# Model card of {judged}",
        "## What the gate said",
        "## How good it is",
        "## By how often they buy: Returning customers",
        "## What it shows",
        "## Do its chances come true?",
        "## What it learned from",
        "## What is not in it",
        "## What it is made of",
        "## How it was made",
        "## Limits",
    ]
    assert (
        "| Returning customers | 250 | **0.3000 ± 0.0100** | 0.2800 ± 0.0100 | +0.0200 ± 0.0040 "
        "| 0.2000 ± 0.0100 Linear model (EASE) | +0.1000 ± 0.0050 | 0.2500 ± 0.0100 | 0.7490 ± 0.0100 |"
    ) in text
    assert "  This version        ███████████████████████· 0.300" in text
    assert "  1 ████████████████········  50.0 % shown" in text
    assert "Declared chances lie 1.2 % off on average." in text


@pytest.mark.parametrize(
    "broken",
    [
        {},
        None,
        [],
        "x",
        {"slices": {"returning": None}, "groups": [], "protocol": "x"},
        {
            "slices": {"returning": {"recommenders": {"blend": 1}, "exposure": {"blend": ["x"]}, "reliability": 3}},
            "groups": {"buyers": {"light": 1}},
        },
    ],
)
def test_rows_from_elsewhere_make_a_card_that_knows_little(broken: Any) -> None:
    unknown = version(metrics=broken if broken is not None else {}, dataset={"event_count": "many"})

    card = model_card(unknown)

    assert (card.exposure, card.reliability, card.later, card.variety) == ((), (), (), ())
    assert "Who did not consent to personalisation is not in the data at all." in card.left_out
    assert as_markdown(card).startswith(f"# Model card of {unknown}\n")


def test_hostile_names_stay_text_in_markdown() -> None:
    hostile = version(metrics={"slices": {"<b>|x\n# y": returning()}}, gate_reasons=["<script>\n# title"])

    text = as_markdown(model_card(hostile))

    assert "<script" not in text
    assert "\n# title" not in text
    assert "\n# y" not in text
