"""``GET v1/fragments/{slug}/``: a shelf as HTML, fetched by the script into a page that a cache keeps for everyone."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from django_recs.api.wanted import WantedSerializer
from django_recs.serving.markup import shelf_markup


@cache_control(private=True, no_store=True)
@require_safe
def show_fragment(request: HttpRequest, slug: str) -> HttpResponse:
    """The shelf's markup; 204 without a body when there is none, and 400 when a parameter is malformed."""
    wanted = WantedSerializer(data=request.GET)
    if not wanted.is_valid():
        return HttpResponse(status=400)
    markup = shelf_markup(slug, request=request, **wanted.validated_data)
    response = HttpResponse(markup, status=200 if markup else 204)
    response["X-Robots-Tag"] = "noindex"
    return response
