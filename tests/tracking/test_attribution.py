"""A browser can quote a list, and nothing else."""

import uuid
from unittest.mock import patch

import pytest
from django.core import signing

from django_recs.tracking import Attribution, make_token, read_token

LIST = uuid.UUID(int=7)


def test_a_token_says_what_was_signed() -> None:
    token = make_token(LIST, "for_you", None, "popularity")

    assert read_token(token) == Attribution(list_id=LIST, placement="for_you", model_version_id=None, rung="popularity")


@pytest.mark.parametrize(
    "token",
    ["", "x", ":::", signing.dumps([1, 2]), "é", "\ud800"],
    ids=["empty", "letter", "colons", "another salt", "accent", "surrogate"],
)
def test_what_was_not_signed_for_this_says_nothing(token: str) -> None:
    assert read_token(token) is None


def test_a_signature_over_something_else_says_nothing() -> None:
    assert read_token(signing.dumps(["no uuid", "p", 1, "r"], salt="django_recs.attribution")) is None
    assert read_token(signing.dumps(7, salt="django_recs.attribution")) is None


@pytest.mark.parametrize(("days", "is_read"), [(29, True), (31, False)])
def test_a_token_lives_for_a_month(days: int, is_read: bool) -> None:
    token = make_token(LIST, "for_you", 1, "model")

    with patch("django.core.signing.time.time", return_value=signing.time.time() + days * 86_400):
        assert (read_token(token) is not None) is is_read
