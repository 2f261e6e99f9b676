"""The one settings dict, ``DJANGO_RECS``, as a typed dataclass that is read when it is needed.

    DJANGO_RECS = {"CONSENT": "shop.privacy.consented_purposes", "HISTORY_LENGTH": 300}

A key is the upper-case name of a field below. Unknown keys and values out of range are reported by the system check
``django_recs.E001``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from django_recs.engine.events import EVENT_CODES, EventType
from django_recs.engine.parameters import problems

DEFAULT_EVENT_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        EventType.VIEW_ITEM_LIST: 0.0,
        EventType.SELECT_ITEM: 0.3,
        EventType.VIEW_ITEM: 0.3,
        EventType.ADD_TO_CART: 0.7,
        EventType.REMOVE_FROM_CART: 0.0,
        EventType.ADD_TO_WISHLIST: 0.6,
        EventType.BEGIN_CHECKOUT: 0.0,
        EventType.PURCHASE: 1.0,
        EventType.REFUND: 0.0,
        EventType.SEARCH: 0.0,
        EventType.RATE: 0.5,
        EventType.DISMISS: 0.0,
    }
)

IMAGES_OFF = "off"
"""Value of ``IMAGE_ENCODER`` with which no picture is read."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of django_recs with their defaults."""

    event_weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_EVENT_WEIGHTS)
    """How much one event of a type says about liking an item, 0 to 1. Types left out keep their default weight."""

    consent: str = "django_recs.tracking.consent.from_cookie"
    """Dotted path of ``f(request) -> Purpose``: what this visitor allows. GPC is obeyed before it is asked."""

    consent_cookie: str = "recs_consent"
    """Cookie that the default ``consent`` reads: purposes joined by ``.``, such as ``personalisation.analytics``."""

    visitor_cookie: str = "recs_visitor"
    """Cookie with the signed pseudonymous visitor id of a guest who consented."""

    visitor_cookie_days: int = 180
    """Days until the visitor cookie expires, counted from the last visit. 1 to 400."""

    country_header: str = ""
    """Request header in which the shop's network says the visitor's country, such as ``CF-IPCountry``. Empty: none."""

    customer_attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What may be learned from of customers: names to field paths of the user model, ``{"tier": "profile__tier"}``."""

    token_days: int = 30
    """Days for which a click or an order may quote the attribution token of a shown list. 1 to 90."""

    event_batch_limit: int = 50
    """Events in one request to ``POST events/``. 1 to 1,000."""

    event_body_limit_bytes: int = 65_536
    """Bytes in one request to ``POST events/``; a larger body is refused unread. 1,024 to 1,048,576."""

    history_length: int = 200
    """The newest events of a visitor that recommendations look at. 10 to 5,000."""

    min_persons: int = 5
    """Distinct persons behind any pair of items that is shown as bought together. 1 to 100; under 3 is warned about."""

    artifact_root: str = ""
    """Folder of artifacts, unless ``STORAGES`` has an alias ``recs_artifacts``. Empty: ``BASE_DIR/recs_artifacts``."""

    reload_seconds: float = 30.0
    """A web process looks this often whether another model version went live. 0 (every request) to 3,600."""

    validation_days: int = 30
    """Length of the period on which the blend is fitted. 1 to 365."""

    test_days: int = 30
    """Length of the period, right before the end of the data, on which the gate judges. 1 to 365."""

    min_training_events: int = 200
    """Fewer events than this end a training run as skipped. 1 or more."""

    network_epochs: int = 12
    """Passes over the training data at the most; training stops earlier when they no longer help. 0: no network."""

    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    """Values by name, such as ``{"voices.ease_penalty": 300.0}``; they go before tuned ones and are not searched."""

    training_threads: int = 0
    """CPU threads of a training run. 0: one for each core but one, which stays for the shop; 1 on a single core."""

    text_encoder: str = ""
    """Folder of a sentence encoder on this machine. Empty: vectors of the catalogue's own words and their pieces."""

    image_encoder: str = ""
    """ONNX vision encoder on this machine. Empty: one fitted on the shop's own pictures; ``off``: none."""
    training_processes: int = 0
    """Processes that train a network together, each on its share of every batch. 0: one for each GPU, else one."""

    training_device: str = "auto"
    """``auto``: the GPU when there is one, and the CPU when its memory does not suffice; or ``cpu`` or ``cuda``."""

    training_folder: str = ""
    """Folder for checkpoints of unfinished runs. Empty: ``.training`` beside the artifacts."""

    full_training_days: int = 0
    """A run starts from the networks of the live version until they are so old, then from scratch. 0: always so."""

    training_lease_seconds: float = 60.0
    """After so long without a sign of life from a training process another one may take over. 2 to 3,600."""

    def __post_init__(self) -> None:
        _check_event_weights(self.event_weights)
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not _is_number(value, whole=name not in _FRACTIONS) or not low <= value <= high:
                kind = "a number" if name in _FRACTIONS else "a whole number"
                raise ImproperlyConfigured(
                    f"DJANGO_RECS[{name.upper()!r}] is {value!r}; it must be {kind} from {low:,} to {high:,}."
                )
        if not isinstance(self.hyperparameters, Mapping):
            raise ImproperlyConfigured("DJANGO_RECS['HYPERPARAMETERS'] must map names of parameters to numbers.")
        if unfit := problems(self.hyperparameters):
            raise ImproperlyConfigured(f"DJANGO_RECS['HYPERPARAMETERS']: {' '.join(unfit)}")
        for name in ("text_encoder", "image_encoder"):
            if not isinstance(getattr(self, name), str):
                raise ImproperlyConfigured(f"DJANGO_RECS[{name.upper()!r}] must be a path as a string.")
        for name in ("consent", "consent_cookie", "visitor_cookie"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise ImproperlyConfigured(f"DJANGO_RECS[{name.upper()!r}] must be a non-empty string.")
        if not isinstance(self.country_header, str):
            raise ImproperlyConfigured("DJANGO_RECS['COUNTRY_HEADER'] must be a string.")
        _check_texts("customer_attributes", self.customer_attributes)
        if self.training_device not in _DEVICES:
            raise ImproperlyConfigured(
                f"DJANGO_RECS['TRAINING_DEVICE'] is {self.training_device!r}; it must be one of {', '.join(_DEVICES)}."
            )


_RANGES: Mapping[str, tuple[float, float]] = {
    "visitor_cookie_days": (1, 400),
    "token_days": (1, 90),
    "event_batch_limit": (1, 1_000),
    "event_body_limit_bytes": (1_024, 1_048_576),
    "history_length": (10, 5_000),
    "min_persons": (1, 100),
    "reload_seconds": (0, 3_600),
    "validation_days": (1, 365),
    "test_days": (1, 365),
    "min_training_events": (1, 1_000_000_000),
    "network_epochs": (0, 1_000),
    "training_threads": (0, 1_024),
    "training_processes": (0, 64),
    "full_training_days": (0, 365),
    "training_lease_seconds": (2, 3_600),
}


_DEVICES = ("auto", "cpu", "cuda")
_FRACTIONS = ("reload_seconds", "training_lease_seconds")


def _is_number(value: object, *, whole: bool = False) -> bool:
    return not isinstance(value, bool) and isinstance(value, int if whole else (int, float))


def _check_texts(name: str, values: object) -> None:
    texts = [*values, *values.values()] if isinstance(values, Mapping) else [None]
    if not all(isinstance(text, str) and text for text in texts):
        raise ImproperlyConfigured(f"DJANGO_RECS[{name.upper()!r}] is {values!r}; it must map names to field paths.")


def _check_event_weights(weights: Mapping[str, float]) -> None:
    if unknown := set(weights) - set(EVENT_CODES):
        raise ImproperlyConfigured(
            f"DJANGO_RECS['EVENT_WEIGHTS'] names unknown event types: {', '.join(sorted(map(str, unknown)))}. "
            f"Known: {', '.join(EVENT_CODES)}."
        )
    for event_type, weight in weights.items():
        if not _is_number(weight) or not 0 <= weight <= 1:
            raise ImproperlyConfigured(
                f"DJANGO_RECS['EVENT_WEIGHTS'][{str(event_type)!r}] is {weight!r}; it must be a number from 0 to 1."
            )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings in force. Raises `ImproperlyConfigured` with what to mend."""
    return build_settings(getattr(django_settings, "DJANGO_RECS", {}))


def build_settings(overrides: Mapping[str, Any]) -> Settings:
    """`Settings` from a ``DJANGO_RECS`` dict. Raises `ImproperlyConfigured` with what to mend."""
    known = {item.name.upper(): item.name for item in fields(Settings)}
    if unknown := set(overrides) - set(known):
        raise ImproperlyConfigured(
            f"DJANGO_RECS has unknown keys: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}."
        )
    values = {known[key]: value for key, value in overrides.items()}
    if "event_weights" in values:
        if not isinstance(values["event_weights"], Mapping):
            raise ImproperlyConfigured(
                f"DJANGO_RECS['EVENT_WEIGHTS'] is {values['event_weights']!r}; it must map event types to numbers."
            )
        values["event_weights"] = MappingProxyType({**DEFAULT_EVENT_WEIGHTS, **values["event_weights"]})
    return Settings(**values)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "DJANGO_RECS":
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_recs.conf")
