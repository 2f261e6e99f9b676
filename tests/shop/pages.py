"""Pages of the test shop under a Content-Security-Policy that allows files of the shop and nothing inline."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import include, path

from django_recs.tracking import make_token

CSP = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
LIST_ID = UUID(int=7)

_HEAD = '<!doctype html><html lang="en"><head><link rel="icon" href="data:,"><title>Shop</title></head><body>'
_SHELF = (
    '<ul data-recs-list="{{ token }}">'
    '<li><a href="/item/" data-recs-item="a" data-recs-slot="0">Item a</a></li>'
    '<li data-recs-item="b"><a href="/item/">Item b</a> <button>Basket</button></li></ul>'
)
_PAGES = {
    "home": _SHELF + "<p>{% lorem 60 p %}</p>" + '<ul data-recs-list="{{ token }}"><li data-recs-item="z">z</li></ul>',
    "item": '{% recs_track "view_item" item="a" %}',
    "lazy": '<div id="near" data-recs-fragment="/fragment/"></div><div data-recs-fragment="https://example.org/"></div>',
    "fragment": _SHELF,
}


def _page(name: str) -> Callable[[HttpRequest], HttpResponse]:
    source = _PAGES[name] if name == "fragment" else f"{_HEAD}{_PAGES[name]}{{% recs_script %}}</body></html>"

    def view(request: HttpRequest) -> HttpResponse:
        token = make_token(LIST_ID, "home", 3, "model")
        html = Template("{% load recs %}" + source).render(Context({"token": token}))
        return HttpResponse(html, headers={"Content-Security-Policy": CSP})

    return view


urlpatterns = [
    path("recs/", include("django_recs.urls")),
    path("", _page("home")),
    *(path(f"{name}/", _page(name)) for name in ("item", "lazy", "fragment")),
]
