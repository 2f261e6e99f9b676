"""``GET v1/placements/{slug}/``: a shelf as JSON, for pages that a browser or an app builds.

The subject is whoever the session or the signed visitor cookie says; no parameter can name somebody else.
"""

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from django_recs.api.wanted import WantedSerializer
from django_recs.exceptions import PlacementNotFound
from django_recs.serving import Recommendation, Recommendations, recommend


class PlacementThrottle(ScopedRateThrottle):
    """``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["recs_placements"]``; no limit where the shop sets none."""

    def get_rate(self) -> str | None:
        return self.THROTTLE_RATES.get(str(self.scope))


class RecommendationSerializer(serializers.Serializer[Recommendation]):
    item_id = serializers.CharField()
    slot = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()
    image_url = serializers.CharField()
    price = serializers.CharField()
    reason = serializers.CharField()


class RecommendationsSerializer(serializers.Serializer[Recommendations]):
    placement = serializers.CharField()
    title = serializers.CharField()
    rung = serializers.CharField()
    token = serializers.CharField()
    items = RecommendationSerializer(many=True)


@method_decorator(cache_control(private=True, no_store=True), name="dispatch")
class PlacementView(APIView):
    authentication_classes = (SessionAuthentication,)
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    throttle_classes = (PlacementThrottle,)
    throttle_scope = "recs_placements"
    http_method_names = ("get", "head")

    def perform_authentication(self, request: Request) -> None:
        """Left to `recommend`, which answers for a stranger when the session cannot be read."""

    def get(self, request: Request, slug: str) -> Response:
        wanted = WantedSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        try:
            shelf = recommend(slug, request=request._request, **wanted.validated_data)
        except PlacementNotFound as error:
            raise NotFound(str(error)) from error
        return Response(RecommendationsSerializer(shelf).data)
