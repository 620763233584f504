"""`./run test` and `./run check`: the two commands that say whether the portal is whole."""

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mlclub.supervisor import boxes, browser
from mlclub.supervisor.children import clean_environment
from mlclub.supervisor.portal import together
from mlclub.supervisor.state import ROOT

NOTHING_COLLECTED = 5


def pytest(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    sys.stdout.flush()
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        env=dict(env),
        cwd=ROOT,
        preexec_fn=together,
        check=False,
    ).returncode


def test(arguments: Sequence[str]) -> int:
    """All tests, or those named. Races and boxes run alone first: nothing else holds the connections and the clock.

    The second run counts the first one's results too: its last line is the summary of both.
    """
    chromium = browser.ensure()
    boxes.ensure()
    env = clean_environment()
    if chromium:
        env["CHROMIUM_PATH"] = chromium
    if arguments:
        return pytest(arguments, env)
    with tempfile.TemporaryDirectory(prefix="mlclub-reports-") as folder:
        reports = Path(folder) / "races.json"
        print("The races and the boxes first, alone:", flush=True)
        races = pytest(["-m", "race or sandbox"], env | {"MLCLUB_WRITE_REPORTS": str(reports)})
        print("\nEverything else, on two processes:", flush=True)
        rest = pytest(
            ["-m", "not race and not sandbox", "-n", "2", "--dist", "worksteal"],
            env | {"MLCLUB_READ_REPORTS": str(reports)},
        )
    return rest or (0 if races == NOTHING_COLLECTED else races)


@dataclass(frozen=True)
class Check:
    name: str
    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)


def production() -> dict[str, str]:
    """A configuration as the compose file gives it, for checks that look at settings only."""
    return {
        "PRODUCTION": "1",
        "DEBUG": "0",
        "DEMO": "0",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "portal.club.example",
        "SITE_URL": "https://portal.club.example",
        "DATABASE_URL": "postgres://mlclub:none@127.0.0.1:1/mlclub",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }


def checks() -> list[Check]:
    python = sys.executable
    manage = [python, "-W", "ignore", "manage.py"]
    development = {"PRODUCTION": "0", "DEBUG": "0", "DEMO": "1", "DATABASE_URL": production()["DATABASE_URL"]}
    scripts = Path(python).parent
    packages = [
        name for name in ("mlclub", "members", "wiki", "events", "projects", "nmep") if (ROOT / name).is_dir()
    ]
    return [
        Check("mypy", [python, "-m", "mypy", *packages], development),
        Check("ruff check", [python, "-m", "ruff", "check", "."]),
        Check("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        Check("djlint format", [python, "-m", "djlint", "templates", "--check", "--quiet"]),
        Check("djlint lint", [python, "-m", "djlint", "templates", "--lint", "--quiet"]),
        Check("import contracts", [python, str(scripts / "lint-imports"), "--no-cache"]),
        Check("migrations", [*manage, "makemigrations", "--check", "--dry-run"], development),
        Check("deployment settings", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production()),
        Check(
            "compose file",
            [
                python,
                "-m",
                "check_jsonschema",
                "--builtin-schema",
                "vendor.compose-spec",
                "docker-compose.yml",
            ],
        ),
        Check("Dockerfile", [str(scripts / "hadolint"), "Dockerfile"]),
    ]


def perform(check: Check) -> tuple[Check, float, subprocess.CompletedProcess[str]]:
    began = time.monotonic()
    env = clean_environment() | dict(check.env)
    done = subprocess.run(
        check.command,
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return check, time.monotonic() - began, done


def check(arguments: Sequence[str]) -> int:
    """Every check, or those whose name contains a word given; all are run, and the failures listed last."""
    chosen = [one for one in checks() if not arguments or any(word in one.name for word in arguments)]
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for one, seconds, done in pool.map(perform, chosen):
            print(
                f"{'ok    ' if done.returncode == 0 else 'FAILED'}  {one.name} ({seconds:.1f} s)", flush=True
            )
            if done.returncode:
                failed.append(one.name)
                print(f"\n{done.stdout.rstrip()}\n", flush=True)
    if failed:
        print(f"\n{len(failed)} of {len(chosen)} checks failed: {', '.join(failed)}")
        return 1
    print(f"\nall {len(chosen)} checks passed" if chosen else "no check has such a name")
    return 0 if chosen else 2
