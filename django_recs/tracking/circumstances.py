"""What may be known of the one who asks, beside what they did: device, country, and attributes the shop allows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from django_recs.conf import get_settings
from django_recs.engine.circumstances import COUNTRY, CUSTOMER_PREFIX, DEVICE
from django_recs.models import Purpose
from django_recs.tracking.bots import device_of
from django_recs.tracking.visitors import VisitorIdentity

ROWS_PER_QUERY = 500
TEXT_LIMIT = 64
"""Characters of an attribute that are told apart."""

_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_COUNTRY = ("XX", "ZZ")
"""How networks write that they do not know it."""


def country_of(request: HttpRequest) -> str:
    """Two letters from the header that the setting `COUNTRY_HEADER` names; "" where it says none."""
    header = get_settings().country_header
    country = request.headers.get(header, "").strip().upper() if header else ""
    return country if _COUNTRY.fullmatch(country) and country not in _NO_COUNTRY else ""


def circumstances_of(request: HttpRequest | None, identity: VisitorIdentity) -> Mapping[str, str]:
    """Device, country and attributes of a known person who allowed personalisation, by name; {} of anybody else.

    Reads the attributes of a customer with one query per request, if the shop allows any. Raises `django.db.Error`.
    """
    if not identity.purposes & Purpose.PERSONALISATION or not identity.is_known:
        return {}
    named = {}
    if request is not None:
        named = {DEVICE: device_of(request.headers.get("User-Agent", "")), COUNTRY: country_of(request)}
    if identity.customer_id and get_settings().customer_attributes:
        if not identity.attributes:
            identity.attributes.update(_attributes_of_one(identity.customer_id))
        named |= identity.attributes
    return named


def customer_attributes(customer_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """By customer the attributes that the setting `CUSTOMER_ATTRIBUTES` allows, as texts under ``customer.<name>``.

    Customers who have no account are left out. Raises `django.db.Error`.
    """
    paths = get_settings().customer_attributes
    if not paths:
        return {}
    users = get_user_model()._default_manager
    names = [f"{CUSTOMER_PREFIX}{name}" for name in paths]
    found = {}
    for keys in _key_batches(customer_ids):
        for key, *values in users.filter(pk__in=keys).values_list("pk", *paths.values()):
            found[str(key)] = {name: _text(value) for name, value in zip(names, values, strict=True)}
    return found


def _attributes_of_one(customer_id: str) -> Mapping[str, str]:
    nothing = {f"{CUSTOMER_PREFIX}{name}": "" for name in get_settings().customer_attributes}
    return customer_attributes([customer_id]).get(customer_id, nothing)


def _key_batches(customer_ids: Iterable[str]) -> Iterator[Sequence[Any]]:
    """Primary keys of the user model, so many as fit one query; texts that cannot be one are left out."""
    keys = _keys(customer_ids)
    while batch := list(islice(keys, ROWS_PER_QUERY)):
        yield batch


def _keys(customer_ids: Iterable[str]) -> Iterator[Any]:
    to_key = get_user_model()._meta.pk.to_python
    for customer_id in customer_ids:
        try:
            yield to_key(customer_id)
        except ValidationError:
            continue


def _text(value: object) -> str:
    return "" if value is None else str(value)[:TEXT_LIMIT]
