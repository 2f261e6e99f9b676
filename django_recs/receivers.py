"""Inward: what the host's own signals make django_recs do."""
