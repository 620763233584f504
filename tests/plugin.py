"""Starts PostgreSQL and Redis for the tests before pytest-django reads the settings.

DATABASE_URL and REDIS_URL are honoured where they are set. With xdist the controller starts the servers,
and each worker has a Redis database of its own.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from mlclub.supervisor import engines
from mlclub.supervisor.children import Family, birth_of
from tests import migrated

TEMPLATE = "MLCLUB_TEST_TEMPLATE"  # the database that the tests' own ones are copied from
PREFIX = "mlclub-tests-"
state: Family | None = None


def remove_leftovers() -> None:
    """Remove the folders of test runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and pid.isdigit() and birth_of(int(pid)) is None:
                shutil.rmtree(folder, ignore_errors=True)


def start_servers() -> None:
    global state
    remove_leftovers()
    state = Family(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")))
    try:
        ours = "DATABASE_URL" not in os.environ
        started = engines.start(state, lasting=False)
        if ours:
            migrated.fill(started.database_url)
            os.environ[TEMPLATE] = started.database_url.rpartition("/")[2]
    except BaseException:
        stop_servers()
        raise
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = started.database_url, started.redis_url


def stop_servers() -> None:
    global state
    if state is None:
        return
    family, state = state, None
    os.environ.pop(TEMPLATE, None)
    started_postgres = any(child.name == "postgres" for child in family.children)
    family.stop()
    if started_postgres:
        engines.Place.for_us(family.folder).remove()
    shutil.rmtree(family.folder, ignore_errors=True)


def own_redis_database(worker: str) -> None:
    base = os.environ["REDIS_URL"].rpartition("/")[0]
    os.environ["REDIS_URL"] = f"{base}/{1 + int(worker.removeprefix('gw')) % 15}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """A wrapper, because pytest-django's own hook, which reads the settings, asks to be first."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    asked = early_config.known_args_namespace
    if worker:
        own_redis_database(worker)
    elif not (asked.help or asked.version):
        start_servers()
    try:
        return (yield)
    except BaseException:
        stop_servers()
        raise


def pytest_unconfigure() -> None:
    stop_servers()


# ── `./run test` is two runs and one summary ──────────────────────────────────────────────────────


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Keep this run's results for the next run, or count an earlier run's results with ours."""
    write, read = os.environ.get("MLCLUB_WRITE_REPORTS"), os.environ.get("MLCLUB_READ_REPORTS")
    if write:
        kept = [
            (category, config.hook.pytest_report_to_serializable(config=config, report=report))
            for category in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
            for report in terminalreporter.stats.get(category, [])
        ]
        Path(write).write_text(json.dumps(kept, default=str))
    if read and Path(read).exists():
        for category, data in json.loads(Path(read).read_text()):
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            terminalreporter.stats.setdefault(category, []).append(report)
