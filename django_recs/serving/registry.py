"""Which model version is live: one row, moved in one transaction."""

from functools import partial

from django.db import router, transaction
from django.utils import timezone

from django_recs.engine.artifacts import ArtifactRefused
from django_recs.exceptions import PromotionRefused
from django_recs.models import ModelPointer, ModelVersion
from django_recs.serving.live import LIVE, open_version
from django_recs.signals import model_promoted

Status = ModelVersion.Status


def live_version() -> ModelVersion | None:
    pointer = ModelPointer.objects.select_related("version").filter(name=LIVE).first()
    return pointer.version if pointer else None


def promote(version: ModelVersion, *, force: bool = False) -> ModelVersion:
    """Make ``version`` the live one, once its artifact opens and every file of it is intact.

    Args:
        force: also a version that the gate rejected.

    Raises:
        PromotionRefused: when the gate rejected it or its artifact cannot be used; the live version stays.
    """
    if version.status == Status.REJECTED and not force:
        reasons = " ".join(str(reason) for reason in version.gate_reasons)
        raise PromotionRefused(f"The gate rejected {version}. {reasons}".strip())
    _check_artifact(version)
    return _move_pointer(version, remember=True)


def roll_back() -> ModelVersion:
    """Make the version live again that the live one replaced.

    Raises:
        PromotionRefused: when there is none, or its artifact cannot be used; the live version stays.
    """
    live = live_version()
    if live is None or live.replaced is None:
        raise PromotionRefused("There is no version to roll back to.")
    _check_artifact(live.replaced)
    return _move_pointer(live.replaced, remember=False)


def _check_artifact(version: ModelVersion) -> None:
    try:
        artifact = open_version(version)
    except (ArtifactRefused, OSError, ValueError) as error:
        raise PromotionRefused(f"The artifact of {version} cannot be used: {error}") from error
    try:
        artifact.rehearse()
    except Exception as error:  # ONNX Runtime has errors of its own for graphs that it cannot run
        raise PromotionRefused(f"{version} cannot answer on this machine: {type(error).__name__}: {error}") from error


def _move_pointer(version: ModelVersion, *, remember: bool) -> ModelVersion:
    """Point at ``version``; with ``remember``, a roll back leads to the version that was live before."""
    using = router.db_for_write(ModelPointer)
    with transaction.atomic(using=using):
        pointer = ModelPointer.objects.using(using).select_for_update().filter(name=LIVE).first()
        replaced = pointer.version if pointer else None
        version = ModelVersion.objects.using(using).select_for_update().get(pk=version.pk)
        if replaced == version:
            return version
        if replaced is not None:
            replaced.status = Status.RETIRED
            replaced.save(using=using, update_fields=["status"])
        version.status = Status.LIVE
        version.promoted_at = timezone.now()
        if remember:
            version.replaced = replaced
        version.save(using=using, update_fields=["status", "promoted_at", "replaced"])
        ModelPointer.objects.using(using).update_or_create(name=LIVE, defaults={"version": version})
        tell = partial(model_promoted.send_robust, sender=ModelVersion, version=version, replaced=replaced)
        transaction.on_commit(tell, using=using, robust=True)
    return version
