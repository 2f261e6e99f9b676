"""What the shop remembers, and the visitor's choice about it, which works without JavaScript."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from django_recs.conf import get_settings
from django_recs.tracking import consented_purposes, write_visitor_cookie
from shop.forms import ConsentForm

_YEAR_SECONDS = 365 * 86_400


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    purposes = consented_purposes(request)
    return render(
        request,
        "shop/privacy.html",
        {"allowed": [purpose.name.lower() for purpose in purposes if purpose.name], "recs": get_settings()},
    )


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Choose all, none or some.")
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    response = redirect(target if allowed else "home")
    response.set_cookie(
        get_settings().consent_cookie,
        ".".join(form.chosen()) or "none",
        max_age=_YEAR_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    write_visitor_cookie(request, response, purposes=form.allowed())
    return response
