"""Optuna's journal in the shop's database, so that workers on many machines share a study without another service."""

from collections.abc import Iterable
from typing import Any

from django.db import router, transaction
from django.db.models import F
from optuna.storages.journal import BaseJournalBackend

from django_recs.models import TuningEntry, TuningStudy


class DatabaseJournal(BaseJournalBackend):
    """The entries of one study, numbered 0, 1, 2, ... in the order in which they were committed.

    Whoever adds entries first counts them on the study's row. That update is the lock: it keeps every other writer of
    the study out until the commit, so numbers have neither gaps nor doubles, and nobody ever reads entry n + 1 without
    entry n. It is also the first statement, which a transaction on SQLite needs in order to wait for another writer
    instead of failing.
    """

    def __init__(self, study_pk: int) -> None:
        self._study_pk = study_pk

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        entries = TuningEntry.objects.using(router.db_for_write(TuningEntry)).filter(study_id=self._study_pk)
        return list(entries.filter(number__gte=log_number_from).order_by("number").values_list("content", flat=True))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        with transaction.atomic(using=router.db_for_write(TuningEntry)):
            study = TuningStudy.objects.filter(pk=self._study_pk)
            study.update(entry_count=F("entry_count") + len(logs))
            start = study.values_list("entry_count", flat=True).get() - len(logs)
            TuningEntry.objects.bulk_create(
                TuningEntry(study_id=self._study_pk, number=start + place, content=log)
                for place, log in enumerate(logs)
            )
