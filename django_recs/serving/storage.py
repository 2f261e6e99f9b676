"""Where artifacts are kept: the storage alias ``recs_artifacts``, or a folder of this machine."""

import re
import shutil
import tempfile
import uuid
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from django_recs.conf import get_settings
from django_recs.engine.artifacts import MANIFEST

ALIAS = "recs_artifacts"
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


def artifact_storage() -> Storage:
    """``STORAGES["recs_artifacts"]``, else the folder ``ARTIFACT_ROOT``, else ``BASE_DIR/recs_artifacts``.

    Raises:
        ImproperlyConfigured: when none of the three is set.
    """
    if ALIAS in settings.STORAGES:
        return storages[ALIAS]
    if root := get_settings().artifact_root:
        return FileSystemStorage(location=root)
    if base := getattr(settings, "BASE_DIR", None):
        return FileSystemStorage(location=Path(base) / ALIAS)
    raise ImproperlyConfigured(
        f"No place for model artifacts: set STORAGES[{ALIAS!r}], DJANGO_RECS['ARTIFACT_ROOT'] or BASE_DIR."
    )


def store_artifact(folder: Path, name: str) -> None:
    """Copy a finished artifact into the storage as ``name``, so that no reader ever sees a part of it.

    Raises:
        FileExistsError: when the storage has an artifact of this name; artifacts never change.
    """
    storage = artifact_storage()
    if storage.exists(f"{name}/{MANIFEST}"):
        raise FileExistsError(f"The artifact {name!r} is stored already.")
    target = _path_in(storage, name)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_and_rename(folder, target)
        return
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in sorted(files, key=lambda path: path.name == MANIFEST):
        with path.open("rb") as content:
            storage.save(f"{name}/{path.name}", File(content))


def local_folder(name: str) -> Path:
    """A folder of this machine with the files of artifact ``name``; files of a remote storage are fetched once.

    Raises:
        OSError: when the storage cannot be read.
        ValueError: when it holds a file whose name leads out of its folder.
    """
    storage = artifact_storage()
    folder = _path_in(storage, name)
    if folder is not None:
        return folder
    fetched = Path(tempfile.gettempdir()) / f"django_recs_{_user_name()}" / name
    if not (fetched / MANIFEST).exists():
        fetched.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=fetched.parent) as part:
            _fetch(storage, name, Path(part))
            _copy_and_rename(Path(part), fetched)
    return fetched


def _path_in(storage: Storage, name: str) -> Path | None:
    """The folder itself, None for a storage that is not a file system, whatever its ``path`` may say."""
    return Path(storage.path(name)) if isinstance(storage, FileSystemStorage) else None


def _fetch(storage: Storage, name: str, folder: Path) -> None:
    _, file_names = storage.listdir(name)
    for file_name in file_names:
        if not _FILE_NAME.match(file_name):
            raise ValueError(f"The artifact {name!r} holds a file with the name {file_name!r}.")
        with storage.open(f"{name}/{file_name}") as source, (folder / file_name).open("wb") as target:
            shutil.copyfileobj(source, target)


def _copy_and_rename(folder: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        shutil.copytree(folder, part)
        if not target.exists():
            part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _user_name() -> str:
    return re.sub(r"\W", "_", Path.home().name) or "user"
