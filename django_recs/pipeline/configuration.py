"""With which hyper-parameters a training starts: those in the settings, else tuned ones, else the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from django_recs.conf import get_settings
from django_recs.engine.parameters import NETWORK, VOICES, Values, of_part, problems
from django_recs.engine.voices import VoiceConfig
from django_recs.models import TunedConfiguration

if TYPE_CHECKING:
    from django_recs.learning import NetworkConfig

DEFAULTS = "defaults"
CONFIGURATION = "configuration"
"""Where the protocol of an evaluation, and with it the manifest, says which hyper-parameters were used."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Values that differ from the defaults, and where they come from."""

    values: Values = field(default_factory=dict)
    source: str = DEFAULTS
    """``defaults``, ``settings``, ``study 3, trial 12``, or the last two joined by ``, ``."""

    @property
    def voice_config(self) -> VoiceConfig:
        return VoiceConfig(**of_part(self.values, VOICES))  # type: ignore[arg-type]

    def network_config(self, **choices: Any) -> "NetworkConfig":
        """The network's choices, with ``choices`` that no tuning makes."""
        from django_recs.learning import NetworkConfig

        return NetworkConfig(**{**of_part(self.values, NETWORK), **choices})

    def value_of(self, name: str) -> float:
        """The value of a parameter, be it the default."""
        config = self.voice_config if name.startswith(VOICES) else self.network_config()
        value: float = getattr(config, name.partition(".")[2])
        return value

    def changed(self, values: Values) -> Self:
        """With other values of some parameters."""
        return replace(self, values={**self.values, **values})

    def described(self) -> dict[str, Any]:
        """JSON-able, for a row or a manifest."""
        return {"source": self.source, "values": dict(self.values)}

    @classmethod
    def from_described(cls, described: object) -> Self:
        """What `described` gave, possibly written by another version: values that mean nothing here are left out."""
        if not isinstance(described, Mapping) or not isinstance(described.get("values"), Mapping):
            return cls()
        values = {name: value for name, value in described["values"].items() if not problems({name: value})}
        return cls(values=values, source=str(described.get("source", DEFAULTS)))


def configuration_in_force() -> Configuration:
    """What the next training starts with."""
    tuned = TunedConfiguration.current()
    found = Configuration.from_described({"source": tuned.source, "values": tuned.values}) if tuned else Configuration()
    pinned = get_settings().hyperparameters
    if not pinned:
        return found
    return Configuration(
        values={**found.values, **pinned}, source=f"{found.source}, settings" if found.values else "settings"
    )
