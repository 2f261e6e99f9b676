"""Inward: what the host's own signals make django_recs do."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest


@receiver(user_logged_in, dispatch_uid="django_recs.merge_visitor")
def merge_visitor_at_login(request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """What a guest did belongs to the customer they turned out to be."""
    from django_recs.tracking.visitors import merge_at_login

    if request is not None:
        merge_at_login(request, str(user.pk))
