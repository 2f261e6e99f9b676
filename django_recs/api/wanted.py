"""The query parameters that the two shelf endpoints share."""

from typing import Any

from rest_framework import serializers

from django_recs.models import Placement
from django_recs.serving import ANCHOR_LIMIT

ITEM_ID_LENGTH = 64


class WantedSerializer(serializers.Serializer[dict[str, Any]]):
    """``?item=a``, ``?items=a&items=b`` and ``?limit=6``. Ids that no product has are left out later, silently."""

    item = serializers.CharField(required=False, default=None, max_length=ITEM_ID_LENGTH)
    items = serializers.ListField(
        required=False,
        default=list,
        child=serializers.CharField(max_length=ITEM_ID_LENGTH),
        max_length=ANCHOR_LIMIT,
    )
    limit = serializers.IntegerField(required=False, default=None, min_value=1, max_value=Placement.LIMIT)
