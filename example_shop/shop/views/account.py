"""A customer's own pages."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from shop.forms import RegisterForm


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    orders = request.user.orders.prefetch_related("lines__product")[:50]
    return render(request, "shop/account.html", {"orders": orders})


@require_safe
@login_required
def order(request: HttpRequest, number: str) -> HttpResponse:
    shown = get_object_or_404(request.user.orders.prefetch_related("lines__product"), number=number)
    return render(request, "shop/order.html", {"order": shown})


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.save())
        target = request.GET.get("next", "")
        allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
        return redirect(target if allowed else "account")
    return render(request, "registration/register.html", {"form": form})
