"""Signed tokens: a browser quotes which list an item came from, and can claim nothing else."""

import uuid
from dataclasses import dataclass

from django.core import signing

from django_recs.conf import get_settings

_SALT = "django_recs.attribution"


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The recommended list behind an impression, a click or a sale."""

    list_id: uuid.UUID
    placement: str
    model_version_id: int | None
    rung: str


def make_token(list_id: uuid.UUID, placement: str, model_version_id: int | None, rung: str) -> str:
    """The token of a shown list, valid for ``DJANGO_RECS["TOKEN_DAYS"]``."""
    return signing.dumps([list_id.hex, placement, model_version_id, rung], salt=_SALT)


def read_token(token: str) -> Attribution | None:
    """What the token says; None when it is empty, forged or too old."""
    try:
        list_id, placement, model_version_id, rung = signing.loads(
            token, salt=_SALT, max_age=get_settings().token_days * 86_400
        )
        return Attribution(
            list_id=uuid.UUID(list_id), placement=placement, model_version_id=model_version_id, rung=rung
        )
    except (signing.BadSignature, ValueError, TypeError):
        return None
