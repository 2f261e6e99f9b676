"""``POST v1/events/``: where browsers send what visitors do.

A plain view: it runs for every page of the shop, reads a bounded number of bytes and needs no serializer, because each
event is judged alone by `tracking`.
"""

from urllib.parse import urlsplit

from django.db import Error as DatabaseTrouble
from django.db import transaction
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_recs.conf import get_settings
from django_recs.tracking.bodies import parse_json
from django_recs.tracking.intake import raw_events, take_in
from django_recs.tracking.visitors import write_visitor_cookie

CONTENT_TYPES = ("application/json", "text/plain")
"""sendBeacon sends text/plain, because other types need a preflight request."""

RETRY_AFTER_SECONDS = 30


@csrf_exempt  # beacons carry no token; `_is_same_origin` keeps other sites out, and events are only ever added
@never_cache
@require_POST
@transaction.non_atomic_requests  # a 202 must mean that the events are durable
def receive_events(request: HttpRequest) -> JsonResponse:
    """Store one event or a batch: 202, or 503 when the same body should be sent again later."""
    if not _is_same_origin(request):
        return _refuse(403, "cross_site", "events are accepted from the shop's own pages only.")
    if request.content_type not in CONTENT_TYPES or "Content-Encoding" in request.headers:
        return _refuse(415, "unsupported_type", f"send {' or '.join(CONTENT_TYPES)}, not compressed.")
    try:
        body = _read(request)
        if len(body) > get_settings().event_body_limit_bytes:
            return _refuse(413, "too_large", f"at most {get_settings().event_body_limit_bytes:,} bytes a request.")
        payload = parse_json(body)
        if len(raw_events(payload)) > get_settings().event_batch_limit:
            return _refuse(413, "too_many", f"at most {get_settings().event_batch_limit} events a request.")
    except (ValueError, UnreadablePostError) as error:
        return _refuse(400, "malformed", f"the body is not a request of events: {error}.")
    try:
        response = JsonResponse(vars(take_in(request, payload)), status=202)
        write_visitor_cookie(request, response)
    except DatabaseTrouble:
        response = _refuse(503, "unavailable", "send the same events again later.")
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _read(request: HttpRequest) -> bytes:
    """The body, or one byte more than the limit of a larger one."""
    limit = get_settings().event_body_limit_bytes
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > limit:
        return b" " * (limit + 1)
    return request.read(limit + 1)


def _is_same_origin(request: HttpRequest) -> bool:
    """Browsers say where a request comes from; programs that say nothing hold no visitor's cookies."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.get_host()


def _refuse(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"code": code, "detail": detail}, status=status)
