"""The pipeline's blend: weights, and rankers where LightGBM is there to learn them."""

import importlib.machinery
import importlib.util

import pytest

from django_recs.engine.situations import Situation
from django_recs.pipeline.fit import two_stage_blend
from tests.engine.ranking.test_fit import CHEAP, VOICE, drawn, facts, queries


def silent(share: float, message: str) -> None:
    """Nobody watches."""


def test_rankers_come_with_what_they_know_of_the_items() -> None:
    blend = two_stage_blend((VOICE,), queries(drawn(CHEAP.astype(float))), facts(), on_progress=silent)

    assert set(blend.rankers) == {Situation.RETURNING}
    assert blend.facts is not None
    assert blend.facts.log_price.tolist() == facts().log_price.tolist()


def test_without_lightgbm_the_sum_is_served_and_a_warning_says_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find_spec = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> importlib.machinery.ModuleSpec | None:
        return None if name == "lightgbm" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)

    blend = two_stage_blend((VOICE,), queries(drawn(CHEAP.astype(float))), facts(), on_progress=silent)

    assert (blend.rankers, blend.facts) == ({}, None)
    assert [record.getMessage() for record in caplog.records] == [
        'LightGBM is not installed, so nothing ranks after the sum: pip install "django-recs[train]".'
    ]
