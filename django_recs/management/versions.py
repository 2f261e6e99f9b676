"""Model versions as commands name them."""

from django.core.management.base import CommandError

from django_recs.models import ModelVersion


def find_version(text: str) -> ModelVersion:
    """The version that ``text`` names, such as ``3`` or ``v3``. Raises `CommandError`."""
    number = text.removeprefix("v")
    version = ModelVersion.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if version is None:
        known = ", ".join(str(version) for version in ModelVersion.objects.all()[:5]) or "none"
        raise CommandError(f"There is no model version {text!r}. The newest: {known}.")
    return version
