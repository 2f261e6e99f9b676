"""``recs_import FILE``: past events from a CSV, JSONL or Parquet file."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from django_recs.engine.events import EVENT_CODES
from django_recs.models import Purpose
from django_recs.tracking.consent import purposes_from_names
from django_recs.tracking.importing import PRESETS, FileProblem, ImportPlan, ImportSummary, import_events, open_source
from django_recs.tracking.importing.mapping import FIELDS


class Command(BaseCommand):
    help = (
        "Store past events from a file (.csv, .tsv, .jsonl, each also as .gz, or .parquet). "
        "Running it twice stores nothing twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--purposes",
            required=True,
            help="what the people in the file allowed, such as personalisation,analytics; all; or none",
        )
        parser.add_argument("--preset", choices=sorted(PRESETS), help="a known file: its columns and its ways")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"which column holds a field, once for each; fields: {', '.join(FIELDS)}",
        )
        parser.add_argument("--type", default="purchase", choices=list(EVENT_CODES), help="type of rows that say none")
        parser.add_argument("--timezone", help="of times that name none; TIME_ZONE of the settings when left out")
        parser.add_argument("--time-format", default="", help="such as '%%d.%%m.%%Y %%H:%%M'; ISO 8601 when left out")
        parser.add_argument("--encoding", default="utf-8")
        parser.add_argument("--delimiter", default="", help="of CSV cells; a comma when left out, a tab in .tsv files")
        parser.add_argument("--drop-identical", action="store_true", help="store rows that say the same only once")
        parser.add_argument("--skip-anonymous", action="store_true", help="refuse purchases of nobody")
        parser.add_argument("--batch-size", type=int, default=5_000)
        parser.add_argument("--dry-run", action="store_true", help="judge every row, store nothing")
        parser.add_argument("--refused", type=Path, help="file for refused rows; FILE.refused.csv in this folder")

    def handle(self, *, file: Path, refused: Path | None, batch_size: int, dry_run: bool, **options: Any) -> None:
        refused = refused or Path(f"{file.name}.refused.csv")
        plan = _plan(options)
        if batch_size < 1:
            raise CommandError("--batch-size must be 1 or more.")
        try:
            with (
                open_source(file, encoding=options["encoding"], delimiter=options["delimiter"]) as source,
                self._progress_bar(source.total, source.unit, options["verbosity"]) as bar,
            ):
                summary = import_events(
                    source,
                    plan,
                    refused_path=refused,
                    batch_size=batch_size,
                    dry_run=dry_run,
                    on_progress=partial(_advance, bar),
                )
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        self._report(summary, refused, dry_run)

    def _progress_bar(self, total: int, unit: str, verbosity: int) -> "tqdm[NoReturn]":
        return tqdm(
            total=total, unit=unit, unit_scale=True, disable=verbosity < 1, file=self.stderr, desc="recs_import"
        )

    def _report(self, summary: ImportSummary, refused: Path, dry_run: bool) -> None:
        count = sum(summary.refused.values())
        stored = "could be stored" if dry_run else "stored"
        self.stdout.write(
            f"{summary.read:,} rows read in {summary.seconds:.1f} s: {summary.stored:,} {stored}, "
            f"{summary.known:,} known before, {count:,} refused."
        )
        if count:
            reasons = ", ".join(f"{code} {number:,}" for code, number in summary.refused.most_common())
            self.stdout.write(f"Refused: {reasons}. Line numbers and reasons: {refused}")


def _advance(bar: "tqdm[NoReturn]", position: int) -> None:
    bar.update(position - bar.n)


def _plan(options: dict[str, Any]) -> ImportPlan:
    preset = PRESETS.get(options["preset"] or "")
    mapped = dict(_mapping(text) for text in options["map"])
    return ImportPlan(
        purposes=int(_purposes(options["purposes"])),
        columns={**(preset.columns if preset else {}), **mapped},
        default_type=options["type"],
        zone=_zone(options["timezone"] or (preset.timezone if preset else settings.TIME_ZONE)),
        time_format=options["time_format"],
        adjust=preset.adjust if preset else None,
        keep_identical=not options["drop_identical"],
        keep_anonymous=not options["skip_anonymous"],
    )


def _mapping(text: str) -> tuple[str, str]:
    name, _, column = text.partition("=")
    if name not in FIELDS or not column:
        raise CommandError(f"--map {text} is not FIELD=COLUMN with a field of {', '.join(FIELDS)}.")
    return name, column


def _purposes(text: str) -> Purpose:
    names = text.lower().split(",")
    if names == ["all"]:
        return Purpose.ALL
    if names == ["none"]:
        return Purpose.NONE
    purposes = purposes_from_names(names)
    if len(names) != purposes.bit_count():
        raise CommandError(f"--purposes {text} holds something else than personalisation, analytics and marketing.")
    return purposes


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise CommandError(f"--timezone {name} is unknown; name one such as Europe/London.") from None
