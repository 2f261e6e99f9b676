"""Numbers, durations and codes as people say them."""

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_recs.engine.events import EventType

TYPE_LABELS = {
    EventType.VIEW_ITEM_LIST: gettext_lazy("Seen on a shelf"),
    EventType.SELECT_ITEM: gettext_lazy("Clicked on a shelf"),
    EventType.VIEW_ITEM: gettext_lazy("Looked at"),
    EventType.ADD_TO_CART: gettext_lazy("Put into the cart"),
    EventType.REMOVE_FROM_CART: gettext_lazy("Taken out of the cart"),
    EventType.ADD_TO_WISHLIST: gettext_lazy("Put on the wish list"),
    EventType.BEGIN_CHECKOUT: gettext_lazy("Began a checkout"),
    EventType.PURCHASE: gettext_lazy("Bought"),
    EventType.REFUND: gettext_lazy("Sent back"),
    EventType.SEARCH: gettext_lazy("Searched"),
    EventType.RATE: gettext_lazy("Rated"),
    EventType.DISMISS: gettext_lazy("Dismissed"),
}
SOURCE_LABELS = {
    "beacon": gettext_lazy("Browser script"),
    "rest": gettext_lazy("REST"),
    "server": gettext_lazy("Server code"),
    "import": gettext_lazy("Import"),
    "simulated": gettext_lazy("Simulation"),
}


def plain_type(event_type: str) -> str:
    """``add_to_cart`` -> ``Put into the cart``."""
    return next((str(label) for known, label in TYPE_LABELS.items() if known == event_type), event_type)


def plain_source(source: str) -> str:
    """``beacon`` -> ``Browser script``."""
    return str(SOURCE_LABELS.get(source, source))


def short_id(identifier: str) -> str:
    """An id that fits into a column: the first eight characters of a long one."""
    return identifier if len(identifier) <= 16 else f"{identifier[:8]}…"


def plain_count(count: int | None) -> str:
    """``12,345`` with the locale's separator; a dash where nothing was counted."""
    return "–" if count is None else number_format(count, force_grouping=True)


def plain_percent(part: int, whole: int) -> str:
    """``93 %``; a share that is neither none nor all is never rounded to 0 or 100. A dash without a whole."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 1 or 99 < percent < 100:
        return _("%s %%") % number_format(round(min(max(percent, 0.1), 99.9), 1), decimal_pos=1)
    return _("%s %%") % number_format(round(percent))


def plain_score(score: float) -> str:
    """A metric with three decimals, rounded (`number_format` alone cuts)."""
    return number_format(round(score, 3), decimal_pos=3)


def plain_duration(duration: dt.timedelta) -> str:
    """``42 s``, ``3 min 20 s``, ``2 h 5 min`` or ``3 d 4 h``; negative durations, as clocks disagree, are 0 s."""
    seconds = max(int(duration.total_seconds()), 0)
    if seconds < 60:
        return _("%d s") % seconds
    if seconds < 3_600:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": seconds // 60, "seconds": seconds % 60}
    if seconds < 86_400:
        return _("%(hours)d h %(minutes)d min") % {"hours": seconds // 3_600, "minutes": seconds % 3_600 // 60}
    return _("%(days)d d %(hours)d h") % {"days": seconds // 86_400, "hours": seconds % 86_400 // 3_600}


def plain_time(moment: dt.datetime) -> SafeString:
    """``19 Nov 2026, 21:23`` in the current time zone, in one line, with the exact time for machines."""
    local = timezone.localtime(moment)
    return format_html(
        '<time class="recs-time" datetime="{}">{}</time>', moment.isoformat(), date_format(local, "j M Y, H:i")
    )


def labelled(label: str, value: str | SafeString) -> SafeString:
    """A cell of a list that carries its column's name along, for phones, where the column heads are not shown."""
    return format_html('<span class="recs-label">{} </span>{}', label, value)


def plain_code(code: str) -> str:
    """``unknown_type`` -> ``Unknown type``."""
    return code.replace("_", " ").capitalize()
