"""Nothing of the time that is asked about reaches what is fitted or who is asked, and a leak that is planted shows."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from django_recs.engine.blend import Blend
from django_recs.engine.evaluation.protocol import evaluate
from django_recs.engine.events import VIEW_CODE
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.recommender import Recommender
from django_recs.models import Event, TrainingRun, Visitor
from django_recs.pipeline.export import ExportedData, export_interactions
from django_recs.pipeline.run import run_training
from django_recs.pipeline.voices import VoiceFitter
from django_recs.pipeline.windows import ReadTwice, SealedPeriod, Window, read_window
from tests.engine.spoken import Spoken
from tests.pipeline.rows import START, add_products, add_shop, event, listed, store

pytestmark = pytest.mark.django_db

CUT_DAY, END_DAY = 40, 60
CUT = int((START + timedelta(days=CUT_DAY)).timestamp())
END = int((START + timedelta(days=END_DAY)).timestamp())


@pytest.fixture(autouse=True)
def counting_voices_only(settings: Settings) -> None:
    settings.DJANGO_RECS = {"NETWORK_EPOCHS": 0}


def add_past(items: Sequence[str]) -> None:
    """Customers and guests who look and buy before the cut, each in a way of their own."""
    events = []
    for number in range(30):
        for step in range(3):
            item, day = items[(number * 5 + step) % len(items)], 1 + (number * 7 + step * 11) % (CUT_DAY - 1)
            who = {"visitor": f"guest {number}"} if number % 3 == 0 else {"customer": str(number)}
            events.append(event(item=item, day=day, **who))
            if number % 3:
                order = f"order {number}-{step}"
                events.append(event("purchase", item=item, day=day + 0.1, order=order, quantity=2, **who))
    store(*events)


def add_future(items: Sequence[str]) -> None:
    """After the cut everything changes: guests sign in, old orders are sent back, new people buy new things."""
    for number in (0, 3, 6):
        at = START + timedelta(days=CUT_DAY + 1)
        Visitor.objects.create(visitor_id=f"guest {number}", customer_id=str(number + 1), merged_at=at)
    events = [
        event("refund", item=purchase.item_id, customer=purchase.customer_id, order=purchase.order_id, day=CUT_DAY)
        for purchase in Event.objects.filter(type="purchase")[:20]
    ]
    for number in range(25, 60):
        day, order = CUT_DAY + number % 20, f"later {number}"
        events += [event("purchase", item=item, customer=str(number), day=day, order=order) for item in items[-3:]]
    store(*events)


def fitted(data: ExportedData) -> dict[str, dict[str, bytes]]:
    """Every array of every voice that is fitted for the cut, and of what rankers know of the items, to the last bit."""
    past = data.as_of(CUT)
    voices = VoiceFitter(content=data.content).fit(past, lambda share, message: None)
    parts = {voice.name: voice.arrays() for voice in voices}
    parts["facts"] = item_facts(past, data.content.prices).arrays()
    return {name: {key: array.tobytes() for key, array in arrays.items()} for name, arrays in parts.items()}


def test_what_is_fitted_for_a_cut_is_the_same_whatever_happens_after_it() -> None:
    items = add_products(20)
    add_past(items)
    before = export_interactions()
    known, learned = listed(before.as_of(CUT)), fitted(before)

    add_future(items)
    after = export_interactions()

    assert listed(after.interactions)[: len(known)] != known  # refunds and sign-ins did reach the present
    assert listed(after.as_of(CUT)) == known
    assert fitted(after) == learned


def test_the_questions_show_nothing_from_the_cut_on() -> None:
    items = add_products(20)
    add_past(items)
    traits = read_window(export_interactions(), CUT, END).traits
    add_future(items)

    window = read_window(export_interactions(), CUT, END)

    asked = {name: each for name, each in window.queries.items() if not name.startswith("new_visitor")}
    assert set(asked) == {"returning", "new_to_them", "cold_item"}
    for queries in asked.values():
        assert queries.histories.time.max() < CUT <= queries.histories.now.min()
    assert window.traits.taker_counts.tolist() == traits.taker_counts.tolist()
    assert window.traits.person_count == traits.person_count


def test_people_are_grouped_by_where_they_were_before_the_cut() -> None:
    (item,) = add_products(1)
    places = [("1", 1, "DE"), ("1", 2, "FR"), ("1", 3, ""), ("2", 1, "DE"), ("2", CUT_DAY, "FR"), ("3", 1, "")]
    events = [event("purchase", item=item, customer=customer, day=day) for customer, day, _ in places]
    for each, (_, _, country) in zip(events, places, strict=True):
        each.country = country
    store(*events)
    data = export_interactions()

    labels = read_window(data, CUT, END).groupings["country"]

    units = data.as_of(CUT).unit_ids
    assert {units[number]: label for number, label in enumerate(labels)} == {"c:1": "FR", "c:2": "DE", "c:3": ""}


def test_a_guest_is_the_customer_from_the_sign_in_on() -> None:
    a, b = add_products(2)
    Visitor.objects.create(visitor_id="x", customer_id="1", merged_at=START + timedelta(days=CUT_DAY))
    store(event(item=a, visitor="x", day=1), event("purchase", item=b, customer="1", day=CUT_DAY + 2, order="o"))
    data = export_interactions()

    guest, customer = ("v:x", a, VIEW_CODE, 1, 1.0, -1), ("c:1", b, 7, CUT_DAY + 2, 1.0, 0)
    assert listed(data.as_of(CUT)) == [guest]
    assert listed(data.as_of(CUT + 1)) == [("c:1", *guest[1:])]
    assert listed(data.asked_at(CUT, END)) == [guest, customer]
    assert listed(data.interactions) == [("c:1", *guest[1:]), customer]
    assert list(data.interactions.unit_ids) == ["c:1"]


def test_a_refund_by_a_guest_who_signed_in_takes_from_the_customers_purchases() -> None:
    a, b = add_products(2)
    Visitor.objects.create(visitor_id="x", customer_id="1", merged_at=START + timedelta(days=5))
    store(*(event("purchase", item=item, customer="1", day=1) for item in (a, b)))
    store(event("refund", item=a, visitor="x", day=3))
    data = export_interactions()

    assert [row[1] for row in listed(data.as_of(CUT))] == [b]
    assert [row[1] for row in listed(data.as_of(int((START + timedelta(days=4)).timestamp())))] == [a, b]


def add_noise(seed: int) -> None:
    """Everybody buys at random: nobody can foresee anything."""
    random = np.random.default_rng(seed)
    items = add_products(60)
    events = []
    for customer in range(150):
        for basket, day in enumerate([*random.uniform(1, CUT_DAY - 1, 3), *random.uniform(CUT_DAY, END_DAY - 1, 1)]):
            order = f"order {customer}-{basket}"
            chosen = random.choice(60, 3, replace=False)
            events += [
                event("purchase", item=items[place], customer=str(customer), day=day, order=order) for place in chosen
            ]
    store(*events)


def figures(voices: Sequence[Recommender], window: Window) -> dict[str, tuple[float, float]]:
    """NDCG@10 on what is new to each, and how far it is above that of somebody who guesses, in errors of the pair."""
    guess = Spoken.of("guess", np.random.default_rng(1).permutation(61).astype(float).tolist())
    weights = {situation: np.eye(1, len(voices) + 1, len(voices))[0] for situation in window_situations(window)}
    guessing = Blend(voices=(*voices, guess), weights=weights)
    queries = {"new_to_them": window.queries["new_to_them"]}
    table = evaluate([*voices, guess], queries, blends={"blend": guessing})["slices"]["new_to_them"]["recommenders"]
    return {
        voice.name: (
            table[voice.name]["ndcg@10"]["mean"],
            -table[voice.name]["behind_blend"]["mean"] / (table[voice.name]["behind_blend"]["se"] or 1.0),
        )
        for voice in voices
    }


def window_situations(window: Window) -> set[object]:
    return {queries.situation for queries in window.queries.values()}


def test_in_a_shop_of_chance_nobody_beats_a_guess_until_a_leak_is_planted() -> None:
    add_noise(7)
    data = export_interactions()
    window = read_window(data, CUT, END)
    fitter = VoiceFitter(content=data.content)

    honest = figures(fitter.fit(data.as_of(CUT), lambda share, message: None), window)
    leaking = figures(fitter.fit(data.interactions, lambda share, message: None), window)

    assert {name: lead for name, (_, lead) in honest.items() if lead > 2} == {}
    caught = {name for name, (_, lead) in leaking.items() if lead > 3}
    assert caught >= {"item_knn", "ease"}  # those that learn from what one person took together
    assert all(leaking[name][0] > 3 * honest[name][0] for name in caught)


def test_the_test_period_comes_out_once() -> None:
    add_noise(7)
    reads: list[int] = []
    sealed = SealedPeriod(data=export_interactions(), start=CUT, end=END, on_read=lambda: reads.append(1) or len(reads))

    assert set(sealed.read().queries) >= {"returning", "new_to_them"}
    with pytest.raises(ReadTwice, match="read once"):
        sealed.read()
    assert (len(reads), sealed.read_count) == (1, 1)


def test_a_training_notes_how_often_its_test_period_was_read(settings: Settings, tmp_path: object) -> None:
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "ARTIFACT_ROOT": str(tmp_path)}
    add_shop(customers=40, products=12)
    begun_anew = run_training(TrainingRun.objects.create(attempt_count=1, test_read_count=1).pk)

    assert begun_anew.test_read_count == 2
    assert begun_anew.version.metrics["protocol"]["test_period_reads"] == 2
