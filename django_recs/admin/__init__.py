"""The admin: stored rows in plain words for the people who run the shop. No statistics, no writes without a POST."""

from django_recs.admin import events as events
from django_recs.admin import experiments as experiments
from django_recs.admin import model_versions as model_versions
from django_recs.admin import placements as placements
from django_recs.admin import rules as rules
from django_recs.admin import training_runs as training_runs
from django_recs.admin import tuning_studies as tuning_studies
