"""The errors that callers can act on. Everything else is a bug and travels as what it is."""


class RecsError(Exception):
    """Root of all errors that django_recs raises on purpose."""


class EventRefused(RecsError):
    """An event cannot be stored; its neighbours can.

    Args:
        code: a stable machine-readable reason such as ``unknown_type`` (see `docs/reference/events.md`).
        detail: what was wrong with this event, in one sentence.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class CatalogNotFound(RecsError):
    """No installed app registered a `Catalog` in its ``recs.py``."""


class TooLittleData(RecsError):
    """There are not enough events to fit and judge a model."""


class TrainingInProgress(RecsError):
    """Another training run holds the lease."""


class LeaseLost(RecsError):
    """This run's lease went to another run, so it must not write any more."""


class TuningRefused(RecsError):
    """The study cannot be made, joined or used."""


class PromotionRefused(RecsError):
    """The model version may not go live."""


class ExperimentRefused(RecsError):
    """An experiment cannot be started, changed or decided this way; the text says what to do."""


class PlacementNotFound(RecsError):
    """No placement has this slug."""
