"""The query parameters that the two shelf endpoints share."""

from typing import Any

from rest_framework import serializers

from django_recs.models import Placement
from django_recs.serving import ANCHOR_LIMIT

ITEM_ID_LENGTH = 64
CATEGORY_LENGTH = 100


class WantedSerializer(serializers.Serializer[dict[str, Any]]):
    """``?item=a``, ``?items=a&items=b``, ``?limit=6`` and ``?category=Mugs``. Unknown ids are left out later."""

    item = serializers.CharField(required=False, default=None, max_length=ITEM_ID_LENGTH)
    items = serializers.ListField(
        required=False,
        default=list,
        child=serializers.CharField(max_length=ITEM_ID_LENGTH),
        max_length=ANCHOR_LIMIT,
    )
    limit = serializers.IntegerField(required=False, default=None, min_value=1, max_value=Placement.LIMIT)
    category = serializers.CharField(required=False, default="", max_length=CATEGORY_LENGTH)
