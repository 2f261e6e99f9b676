"""The settings go before what was tuned, and that before the defaults."""

import pytest
from pytest_django.fixtures import Settings

from django_recs.engine.voices import VoiceConfig
from django_recs.learning import NetworkConfig
from django_recs.models import TunedConfiguration, TuningStudy, TuningTrial
from django_recs.pipeline.configuration import Configuration, configuration_in_force

pytestmark = pytest.mark.django_db


def tuned(**values: float) -> TuningTrial:
    """A trial in use that tried ``voices.<name>``."""
    study = TuningStudy.objects.create(base_values={"network.width": 32})
    named = {f"voices.{name}": value for name, value in values.items()}
    trial = TuningTrial.objects.create(study=study, number=12, worker=1, values=named)
    TunedConfiguration.use(trial, chosen_by="test")
    return trial


def test_without_anything_the_defaults_are_in_force() -> None:
    found = configuration_in_force()
    assert found.described() == {"source": "defaults", "values": {}}
    assert found.voice_config == VoiceConfig()
    assert found.network_config() == NetworkConfig()


def test_what_was_tuned_is_in_force_with_what_its_study_started_from() -> None:
    trial = tuned(ease_penalty=300.0)
    found = configuration_in_force()
    assert found.described() == {
        "source": f"study {trial.study_id}, trial 12",
        "values": {"network.width": 32, "voices.ease_penalty": 300.0},
    }
    assert found.voice_config == VoiceConfig(ease_penalty=300.0)
    assert found.network_config(epoch_limit=3) == NetworkConfig(width=32, epoch_limit=3)
    assert (found.value_of("network.width"), found.value_of("voices.knn_shrinkage")) == (32, 1.0)


def test_the_settings_go_before_what_was_tuned(settings: Settings) -> None:
    trial = tuned(ease_penalty=300.0, knn_shrinkage=4.0)
    settings.DJANGO_RECS = {"HYPERPARAMETERS": {"voices.ease_penalty": 50.0}}
    found = configuration_in_force()
    assert found.source == f"study {trial.study_id}, trial 12, settings"
    assert found.voice_config == VoiceConfig(ease_penalty=50.0, knn_shrinkage=4.0)


def test_settings_alone_are_named_as_the_source(settings: Settings) -> None:
    settings.DJANGO_RECS = {"HYPERPARAMETERS": {"network.block_count": 2}}
    assert configuration_in_force().described() == {"source": "settings", "values": {"network.block_count": 2}}


def test_a_tuned_configuration_outlives_its_study_and_is_forgotten_once() -> None:
    trial = tuned(ease_penalty=300.0)
    name = str(trial)
    trial.study.delete()
    assert configuration_in_force().source == name
    assert (TunedConfiguration.forget(), TunedConfiguration.forget()) == (True, False)
    assert configuration_in_force() == Configuration()


@pytest.mark.parametrize("described", [None, "", [], {}, {"values": None}, {"source": "x", "values": []}])
def test_what_an_older_version_did_not_write_counts_as_the_defaults(described: object) -> None:
    assert Configuration.from_described(described) == Configuration()


def test_values_that_mean_nothing_here_are_left_out() -> None:
    found = Configuration.from_described({"source": "x", "values": {"voices.gone": 1.0, "voices.knn_shrinkage": 2.0}})
    assert found == Configuration(source="x", values={"voices.knn_shrinkage": 2.0})
