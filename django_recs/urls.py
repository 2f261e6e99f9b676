"""URLs to include in the shop, usually at ``recs/``."""

from django.urls import URLPattern

app_name = "django_recs"

urlpatterns: list[URLPattern] = []
