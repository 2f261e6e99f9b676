"""Throwaway servers of the real programs: PostgreSQL, Redis, RabbitMQ and Chromium.

Each starts on a free port with its files in a temporary folder, and leaves nothing behind: it is stopped at the end,
and the kernel stops it should the test process die first (`setpriv --pdeathsig`). Nothing relies on a server that
happens to run on the machine.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 90.0
STOP_SECONDS = 15.0


class ProgramMissing(Exception):
    """The program of a throwaway server is not installed."""


class ServerFailed(Exception):
    """A throwaway server did not start; the message ends with what it wrote."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server that listens on this machine only."""

    port: int
    url: str
    """What a client connects to, such as ``redis://127.0.0.1:40123/0``."""
    pid: int
    """Process id, for tests that stop, freeze or kill it."""


@contextmanager
def postgres() -> Iterator[Server]:
    """A PostgreSQL cluster with an empty database and a superuser, both named ``recs``, without a password.

    Raises `ProgramMissing` and `ServerFailed`.
    """
    initdb, program = _postgres_program("initdb"), _postgres_program("postgres")
    with _folder() as folder, ExitStack() as running:
        account = _unprivileged("postgres", folder)
        cluster = folder / "cluster"
        _complete(
            [*account, str(initdb), "--pgdata", str(cluster), "--username=recs", "--auth=trust", "--no-sync"]
            + ["--encoding=UTF8", "--locale=C.UTF-8"]
        )
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "50",
        }
        command = [str(program), "-D", str(cluster), "-p", str(port)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        process = running.enter_context(
            _process([*account, "--pdeathsig", "QUIT", *command], log=folder / "log", stop_signal="QUIT")
        )
        url = f"postgresql://recs@127.0.0.1:{port}/recs"
        _wait(lambda: _create_database(port), process, folder / "log")
        yield Server(port=port, url=url, pid=process.pid)


@contextmanager
def redis() -> Iterator[Server]:
    """A Redis server that keeps everything in memory. Raises `ProgramMissing` and `ServerFailed`."""
    program = _program("redis-server")
    with _folder() as folder, ExitStack() as running:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        process = running.enter_context(_process(_tied(command), log=folder / "log"))
        _wait(lambda: _answers(port, send=b"PING\r\n", expect=b"+PONG"), process, folder / "log")
        yield Server(port=port, url=f"redis://127.0.0.1:{port}/0", pid=process.pid)


@contextmanager
def rabbitmq() -> Iterator[Server]:
    """A RabbitMQ node of its own name, without plugins, with its own name daemon. It takes some 5 to 10 seconds.

    Raises `ProgramMissing` and `ServerFailed`.
    """
    script, epmd = _rabbitmq_script(), _program("epmd")
    with _folder() as folder, ExitStack() as running:
        port, distribution_port, name_port = free_port(), free_port(), free_port()
        plugins = folder / "enabled_plugins"
        plugins.write_text("[].\n")
        environment = {
            "HOME": str(folder),  # where Erlang writes its cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(name_port),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_MNESIA_BASE": str(folder / "database"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_NODENAME": f"recs-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",  # one scheduler is plenty for a test
        }
        running.enter_context(
            _process(_tied([epmd, "-port", str(name_port)]), log=folder / "epmd", environment=environment)
        )
        process = running.enter_context(_process(_tied([script]), log=folder / "log", environment=environment))
        _wait(lambda: _answers(port, send=b"AMQP\x00\x00\x09\x01", expect=b"\x01\x00\x00"), process, folder / "log")
        yield Server(port=port, url=f"amqp://guest:guest@127.0.0.1:{port}//", pid=process.pid)


@dataclass(frozen=True, kw_only=True)
class BrowserPrograms:
    """Where Chromium and its driver are installed."""

    chromium: str
    driver: str


def browser_programs() -> BrowserPrograms:
    """Raises `ProgramMissing`."""
    chromium = shutil.which("chromium") or _program("chromium-browser", known_as="chromium")
    return BrowserPrograms(chromium=chromium, driver=_program("chromedriver", known_as="chromium-driver"))


def tied_driver(driver: str, folder: Path) -> str:
    """A ChromeDriver that ends with the test process: the path of a script in ``folder`` that starts it so."""
    script = folder / "chromedriver"
    script.write_text(f'#!/bin/sh\nexec {_program("setpriv")} --pdeathsig TERM "{driver}" "$@"\n')
    script.chmod(0o700)
    return str(script)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _program(name: str, *, known_as: str = "") -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise ProgramMissing(f"{known_as or name} is not installed")
    return found


def _postgres_program(name: str) -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    if on_path := shutil.which("pg_config"):
        bindir = subprocess.run([on_path, "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
        folders.append(Path(bindir))
    if on_path := shutil.which(name):
        folders.append(Path(on_path).parent)
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    raise ProgramMissing("postgresql is not installed")


def _rabbitmq_script() -> str:
    # The script on the path insists on root or its own user and on the machine's own node; the one behind it does not.
    behind = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(behind) if behind.exists() else _program("rabbitmq-server")


def _tied(command: Sequence[str]) -> list[str]:
    return [_program("setpriv"), "--pdeathsig", "TERM", *command]


def _unprivileged(account: str, folder: Path) -> list[str]:
    """The start of a command that runs as ``account`` when we are root, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return [_program("setpriv")]
    shutil.chown(folder, account, account)
    return [_program("setpriv"), f"--reuid={account}", f"--regid={account}", "--init-groups"]


@contextmanager
def _folder() -> Iterator[Path]:
    # Not pytest's tmp_path: only its owner may enter that, and PostgreSQL runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="recs-server-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, stop_signal: str = "TERM"
) -> Iterator[subprocess.Popen[bytes]]:
    """The command in the background in a session of its own (Ctrl-C is for pytest); stopped at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd="/",
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process, stop_signal)


def _stop(process: subprocess.Popen[bytes], stop_signal: str) -> None:
    process.send_signal(signal.SIGCONT)  # a test may have frozen it
    process.send_signal(signal.Signals[f"SIG{stop_signal}"])
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _complete(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/", check=False)
    if done.returncode != 0:
        raise ServerFailed(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _wait(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None:
            raise ServerFailed(f"{process.args!r} ended with {process.returncode}:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"{process.args!r} did not answer within {START_SECONDS:.0f} s:\n{_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4_000:]


def _answers(port: int, *, send: bytes, expect: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(send)
            return connection.recv(64).startswith(expect)
    except OSError:
        return False


def _create_database(port: int) -> bool:
    import psycopg

    try:
        connection = psycopg.connect(f"postgresql://recs@127.0.0.1:{port}/postgres", autocommit=True)
    except psycopg.OperationalError:
        return False
    with connection:
        connection.execute("CREATE DATABASE recs")
    connection.close()
    return True
