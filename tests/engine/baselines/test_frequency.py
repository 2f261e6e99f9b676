"""What a visitor takes again and again, by hand."""

from django_recs.engine.baselines.frequency import PersonalFrequency, fit_personal_frequency
from tests.engine.by_hand import EQUAL, visitors


def test_each_event_adds_its_decayed_weight_to_its_item() -> None:
    recommender = fit_personal_frequency(3, event_weights=EQUAL, half_life_days=10.0)

    scores = recommender.score(visitors([(1, 0), (1, 10), (3, 20)], [], [(2, 20)], now_day=20))

    assert scores.tolist() == [[0, 0.75, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_arrays_restore_it() -> None:
    recommender = fit_personal_frequency(3, event_weights=EQUAL, half_life_days=120.0)
    histories = visitors([(1, 0), (1, 10), (3, 20)], now_day=23)

    again = PersonalFrequency.from_arrays(recommender.arrays())

    assert again.score(histories).tobytes() == recommender.score(histories).tobytes()
