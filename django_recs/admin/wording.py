"""Numbers, durations and codes as people say them."""

import datetime as dt

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def plain_count(count: int | None) -> str:
    """``12,345`` with the locale's separator; a dash where nothing was counted."""
    return "–" if count is None else number_format(count, force_grouping=True)


def plain_percent(part: int, whole: int) -> str:
    """``93 %``; a share that is neither none nor all is never rounded to 0 or 100. A dash without a whole."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 1 or 99 < percent < 100:
        return _("%s %%") % number_format(min(max(percent, 0.1), 99.9), decimal_pos=1)
    return _("%s %%") % number_format(round(percent))


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


def plain_code(code: str) -> str:
    """``unknown_type`` -> ``Unknown type``."""
    return code.replace("_", " ").capitalize()
