"""``manage.py demo``: a shop that recommends, from nothing, in one command."""

import hashlib
import os
import socket
import sys
from argparse import ArgumentParser
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from django_recs.models import ModelVersion
from shop.demo.online_retail import NotOnlineRetail
from shop.demo.people import ADMIN_NAME, CUSTOMER_NAME, DEMO_PASSWORD, ensure_admin
from shop.demo.steps import OnlineRetail, Progress, Simulation, fill_shop, train_once


class Command(BaseCommand):
    help = (
        "Fill the shop, train, print the evaluation table and serve. What was done before is not done again; a start "
        "that was interrupted goes on where it stopped."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, help="a file of the Online Retail data set (.csv or .csv.gz)")
        parser.add_argument("--no-serve", action="store_true", help="stop after the evaluation table")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        for size in fields(Simulation):
            parser.add_argument(f"--{size.name}", type=int, default=size.default, help="of the simulated shop")

    def handle(self, *args: Any, data: Path | None, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo makes accounts with a known password: it runs only with DEBUG on.")
        if data is not None:
            self._move_to_own_folder(data)
        if not options["no_serve"]:
            self._check_port(options["host"], options["port"])
        self._prepare(self._source(data, options))
        self._say_where(options["host"], options["port"])
        if not options["no_serve"]:
            connections.close_all()
            call_command("runserver", f"{options['host']}:{options['port']}", use_reloader=False, skip_checks=True)

    def _source(self, data: Path | None, options: dict[str, Any]) -> Simulation | OnlineRetail:
        if data is not None:
            return OnlineRetail(file=data)
        return Simulation(**{size.name: options[size.name] for size in fields(Simulation)})

    def _move_to_own_folder(self, data: Path) -> None:
        """Starts again with a folder and a currency for this file, unless the environment names both.

        The folder stands inside that of the simulated shop, so that either shop can be served at any time.
        """
        if not data.is_file():
            raise CommandError(f"There is no file {data}.")
        if {"SHOP_VAR_DIR", "SHOP_CURRENCY"} <= os.environ.keys():
            return
        with data.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
        folder = settings.VAR_DIR / f"{data.name.split('.')[0]}-{digest}"
        own = {"SHOP_VAR_DIR": str(folder), "SHOP_CURRENCY": OnlineRetail.currency}
        os.execve(sys.executable, [sys.executable, *sys.argv], own | os.environ)  # noqa: S606  (this very command)

    def _prepare(self, source: Simulation | OnlineRetail) -> None:
        # With DEBUG, Django keeps the text of thousands of queries in memory.
        settings.DEBUG = False
        try:
            call_command("migrate", verbosity=0, interactive=False)
            progress = Progress(source_name=source.name)
            if progress.other_source:
                raise CommandError(
                    f"{settings.VAR_DIR} holds another shop ({progress.other_source}). "
                    "Set SHOP_VAR_DIR to a new folder, or remove that one."
                )
            ensure_admin()
            try:
                fill_shop(source, progress, self.stdout.write)
            except NotOnlineRetail as problem:
                raise CommandError(str(problem)) from problem
            known = ModelVersion.objects.count()
            version = train_once(progress, self.stdout.write)
            if version is not None and ModelVersion.objects.count() == known:
                call_command("recs_evaluate", str(version.pk), stored=True)
        finally:
            settings.DEBUG = True

    def _check_port(self, host: str, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"{host}:{port} cannot be used ({error.strerror}); name another one: --port {port + 1}"
                ) from error

    def _say_where(self, host: str, port: int) -> None:
        address = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"
        self.stdout.write(
            self.style.SUCCESS(
                f"\nShop      {address}/\n"
                f"Admin     {address}/admin/   sign in as {ADMIN_NAME}, password {DEMO_PASSWORD}\n"
                f"Customer  {address}/account/login/   sign in as {CUSTOMER_NAME}, password {DEMO_PASSWORD}\n"
            )
        )
