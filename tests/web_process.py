"""What a web process of a shop does from its start to its first answers. Run by `test_web_process.py` as a child.

    python -m tests.web_process plain           Django and Django REST framework alone
    python -m tests.web_process shop FOLDER     with django_recs, serving the artifact in FOLDER

Prints its resident memory in megabytes and what it loaded of `BLOCKED`, as JSON.
"""

import hashlib
import importlib.abc
import json
import os
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BLOCKED = (
    "torch",
    "lightgbm",
    "scipy",
    "pandas",
    "sklearn",
    "pyarrow",
    "onnx",
    "onnxscript",
    "optuna",
    "sqlalchemy",
    "matplotlib",
    "django_recs.learning",
)
"""Modules that only training, importing and tests need."""


class Refuse(importlib.abc.MetaPathFinder):
    """Fails where a blocked module is imported, so that the traceback names the culprit."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if is_blocked(fullname):
            raise ImportError(f"{fullname} does not belong into a web process")


def is_blocked(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in BLOCKED)


def plain() -> None:
    import django
    from django.conf import settings

    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app not in ("django_recs", "tests.shop")]
    settings.AUTH_USER_MODEL = "auth.User"
    django.setup()
    import rest_framework.views  # noqa: F401
    from django.contrib import admin
    from django.core.management import call_command
    from django.test import Client
    from django.urls import path

    settings.ROOT_URLCONF = (path("admin/", admin.site.urls),)
    call_command("migrate", verbosity=0)
    assert Client().get("/admin/login/").status_code == 200


def shop(folder: Path) -> None:
    import django

    django.setup()
    from django.contrib import admin
    from django.core.management import call_command
    from django.urls import get_resolver

    admin.autodiscover()
    load_views(get_resolver().url_patterns)
    load_tasks()
    call_command("migrate", verbosity=0)
    serve(folder)
    show_pages()


def load_views(patterns: Iterable[Any]) -> None:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            load_views(pattern.url_patterns)
        else:
            assert pattern.callback


def load_tasks() -> None:
    try:
        import celery  # noqa: F401
    except ImportError:
        return
    import django_recs.tasks  # noqa: F401


def serve(folder: Path) -> None:
    """Products with the artifact's ids, one event of a guest, and the artifact live."""
    from django.conf import settings
    from django.utils import timezone

    from django_recs.conf import get_settings
    from django_recs.engine.artifacts import open_artifact
    from django_recs.models import Event, ModelVersion, TrainingRun
    from django_recs.serving import promote
    from tests.shop.models import Product

    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(folder.parent)}
    get_settings.cache_clear()
    for item_id in open_artifact(folder).item_ids[1:].tolist():
        Product.objects.create(pk=item_id, title=f"Product {item_id}", price=1)
    sha256 = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    run = TrainingRun.objects.create()
    promote(ModelVersion.objects.create(run=run, artifact=folder.name, manifest_sha256=sha256))
    now = timezone.now()
    Event.objects.create(
        event_id=uuid.uuid4(),
        type="view_item",
        item_id=item_id,
        visitor_id="guest",
        occurred_at=now,
        received_at=now,
        purposes=7,
    )


def show_pages() -> None:
    from django.contrib.auth.models import AnonymousUser
    from django.template import Context, Template
    from django.test import Client, RequestFactory
    from django.urls import reverse

    from django_recs.serving import recommend
    from tests.shop.models import Product

    product = Product.objects.earliest("pk")
    shelf = recommend("for_you", visitor_id="guest")
    assert shelf.rung == "model", shelf
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    page = Template(
        "{% load recs %}{% recs_shelf 'similar' item=product %}{% recs_fragment 'for_you' %}"
        "{% recs_track 'view_item' item=product %}{% recs_script %}"
    )
    markup = page.render(Context({"request": request, "product": product}))
    assert "data-recs-item" in markup, markup
    client = Client()
    for name in ("placement", "fragment"):
        answer = client.get(reverse(f"django_recs:{name}", args=["similar"]), {"item": str(product.pk)})
        own = f"/products/{product.pk}/"  # its title may be there: others are similar to it
        assert (answer.status_code, own in answer.content.decode()) == (200, False), answer.content
    body = {"events": [{"name": "view_item", "item_id": str(product.pk), "event_id": str(uuid.uuid4())}]}
    answer = client.post(reverse("django_recs:events"), body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    assert client.get("/admin/login/").status_code == 200


def resident_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    sys.meta_path.insert(0, Refuse())
    if sys.argv[1] == "plain":
        plain()
    else:
        shop(Path(sys.argv[2]))
    loaded = sorted(filter(is_blocked, sys.modules))
    print(json.dumps({"megabytes": resident_megabytes(), "loaded": loaded}))


if __name__ == "__main__":
    main()
