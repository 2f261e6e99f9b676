"""The journal hands every entry to every reader, in one order, whoever writes at the same time."""

import pytest

from django_recs.models import TuningEntry, TuningStudy
from django_recs.pipeline.tuning.journal import DatabaseJournal
from tests.pipeline.processes import PATIENCE_SECONDS, Project


@pytest.mark.django_db
def test_entries_are_read_in_order_from_any_number_on() -> None:
    first, second = (DatabaseJournal(TuningStudy.objects.create().pk) for _ in range(2))
    first.append_logs([{"a": 1}, {"b": [2, None]}])
    second.append_logs([{"other": "study"}])
    first.append_logs([{"c": 0.5}])
    assert list(first.read_logs(0)) == [{"a": 1}, {"b": [2, None]}, {"c": 0.5}]
    assert list(first.read_logs(2)) == [{"c": 0.5}]
    assert list(first.read_logs(3)) == []
    assert list(second.read_logs(0)) == [{"other": "study"}]
    assert list(TuningEntry.objects.order_by("pk").values_list("number", flat=True)) == [0, 1, 0, 2]


WRITE = """
import time
from django_recs.pipeline.tuning.journal import DatabaseJournal
journal, seen = DatabaseJournal(1), []
def catch_up():
    seen.extend(journal.read_logs(len(seen)))
journal.append_logs([{{"worker": {worker}, "step": -1}}])
while len({{entry["worker"] for entry in seen}}) < 2:  # both have begun
    catch_up()
    time.sleep(0.01)
for step in range({count}):
    journal.append_logs([{{"worker": {worker}, "step": step}}])
    catch_up()
    assert {{"worker": {worker}, "step": step}} in seen
assert seen == list(journal.read_logs(0))[:len(seen)]
"""
READ = """
numbers, contents = zip(*TuningEntry.objects.order_by("number").values_list("number", "content"))
print(numbers == tuple(range({total})), TuningStudy.objects.get().entry_count)
for worker in (1, 2):
    print([content["step"] for content in contents if content["worker"] == worker] == list(range(-1, {count})))
mixed = [content["worker"] for content in contents]
print(sum(one != other for one, other in zip(mixed, mixed[1:])) > 1)
"""


def test_two_processes_number_their_entries_without_gaps_or_doubles(any_project: Project) -> None:
    """Each reads what the other wrote while it writes, so a reader that saw n + 1 before n would miss one."""
    any_project.run("TuningStudy.objects.create(pk=1)")
    writers = [any_project.start(WRITE.format(worker=worker, count=40)) for worker in (1, 2)]
    for writer in writers:
        assert writer.communicate(timeout=PATIENCE_SECONDS)[1] == ""
    assert any_project.run(READ.format(total=82, count=40)).split() == ["True", "82", "True", "True", "True"]
