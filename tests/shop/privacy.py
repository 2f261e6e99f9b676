"""What the test shop answers when it is asked for a visitor's consent."""

from django.http import HttpRequest

from django_recs.models import Purpose


def everything(request: HttpRequest) -> Purpose:
    return Purpose.ALL


def broken(request: HttpRequest) -> Purpose:
    raise RuntimeError("the shop's fault")
