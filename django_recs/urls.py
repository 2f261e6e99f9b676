"""URLs to include in the shop, usually at ``recs/``."""

from django.urls import URLPattern, path

from django_recs.api.events import receive_events

app_name = "django_recs"

urlpatterns: list[URLPattern] = [
    path("v1/events/", receive_events, name="events"),
]
