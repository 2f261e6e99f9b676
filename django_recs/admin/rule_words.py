"""A merchandising rule as a sentence, and where it stands today."""

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_recs.admin.badges import badge
from django_recs.models import Rule

Action = Rule.Action


def rule_sentence(rule: Rule) -> str:
    """What the rule does to which products, such as ``Boost × 2: brand Hario, 5 to 20``."""
    what = {
        Action.HIDE: _("Hide"),
        Action.FILTER: _("Show only"),
        Action.BOOST: _("Boost × %s") % _number(rule.factor),
        Action.BURY: _("Bury × %s") % _number(rule.factor),
        Action.CAP: _cap_words(rule),
        Action.QUOTA: _("At least %s %% of the shelf") % (rule.share_percent or 0),
        Action.PIN: _("Pin at position %s") % (rule.position or 1),
    }.get(Action(rule.action), rule.action)
    return f"{what}: {condition_words(rule)}"


def condition_words(rule: Rule) -> str:
    """Which products, such as ``in Mugs or Bowls, brand Hario, up to 20``."""
    either = _(" or ")
    parts = []
    if rule.categories:
        parts.append(_("in %s") % either.join(map(str, rule.categories)))
    parts += [f"{name} {either.join(map(str, values))}" for name, values in rule.attributes.items()]
    if rule.price_from is not None and rule.price_to is not None:
        parts.append(_("%(low)s to %(high)s") % {"low": _number(rule.price_from), "high": _number(rule.price_to)})
    elif rule.price_from is not None:
        parts.append(_("from %s") % _number(rule.price_from))
    elif rule.price_to is not None:
        parts.append(_("up to %s") % _number(rule.price_to))
    if rule.words:
        parts.append(_("with the words “%s”") % rule.words)
    if rule.item_ids:
        parts.append(_listed(rule.item_ids))
    return ", ".join(parts) or _("all products")


def place_words(rule: Rule) -> str:
    return ", ".join(rule.placements) if rule.placements else _("every shelf")


def state_badge(rule: Rule) -> SafeString:
    """In force, scheduled, ended or switched off."""
    now = timezone.now()
    if not rule.is_active:
        return badge(_("Off"))
    if rule.ends_at is not None and rule.ends_at <= now:
        return badge(_("Ended %s") % _day(rule.ends_at))
    if rule.starts_at is not None and rule.starts_at > now:
        return badge(_("From %s") % _day(rule.starts_at), tone="busy")
    if rule.ends_at is not None:
        return badge(_("In force until %s") % _day(rule.ends_at), tone="good")
    return badge(_("In force"), tone="good")


def _cap_words(rule: Rule) -> str:
    most = rule.most or 0
    if not rule.cap_by:
        return ngettext("At most %s of them", "At most %s of them", most) % most
    return _("At most %(most)s of each %(label)s") % {"most": most, "label": rule.cap_by}


def _listed(item_ids: list[str]) -> str:
    shown = ", ".join(map(str, item_ids[:3]))
    return (
        shown
        if len(item_ids) <= 3
        else _("%(shown)s and %(more)d more")
        % {
            "shown": shown,
            "more": len(item_ids) - 3,
        }
    )


def _number(value: object) -> str:
    number = float(str(value or 0))
    return number_format(round(number, 2), decimal_pos=None if number % 1 else 0)


def _day(moment: object) -> str:
    return date_format(timezone.localtime(moment), "j M")  # type: ignore[arg-type]
