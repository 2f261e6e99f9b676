"""URLs to include in the shop, usually at ``recs/``."""

from django.urls import URLPattern, path

from django_recs.api.events import receive_events
from django_recs.api.fragments import show_fragment
from django_recs.api.placements import PlacementView

app_name = "django_recs"

urlpatterns: list[URLPattern] = [
    path("v1/events/", receive_events, name="events"),
    path("v1/placements/<slug:slug>/", PlacementView.as_view(), name="placement"),
    path("v1/fragments/<slug:slug>/", show_fragment, name="fragment"),
]
