"""Offline: events -> arrays -> fitted voices -> evaluation -> gate -> published artifact.

Runs in workers and management commands only. This is the one package that may import `django_recs.learning`, and it
does so inside functions, so that a machine without torch can still fit the counting voices.
"""
