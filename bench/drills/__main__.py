"""`./run drill [NAME …]`: all drills, or those named, one after the other, each in a process of its own."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench.drills
from mlclub.supervisor.portal import heed_signals, servers
from mlclub.supervisor.state import State

ROOT = Path(__file__).resolve().parent.parent.parent


def main(wanted: list[str]) -> int:
    """Returns how many drills failed. Servers and data are made for the drills and removed afterwards."""
    names = [
        module.name
        for module in pkgutil.iter_modules(bench.drills.__path__)
        if not module.name.startswith("_")
    ]
    unknown = set(wanted) - set(names)
    if unknown:
        print(
            f"There is no drill {', '.join(sorted(unknown))}. There are: {', '.join(names)}.", file=sys.stderr
        )
        return 2
    failed = 0
    heed_signals()
    for name in wanted or names:
        with tempfile.TemporaryDirectory(prefix="mlclub-drill-") as folder:
            state = State(Path(folder))
            with state.held(), servers(state, "club", 8000) as (_, env):
                env |= {"DJANGO_SETTINGS_MODULE": "mlclub.settings", "DEBUG": "0", "LOG_LEVEL": "ERROR"}
                subprocess.run(
                    [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
                    cwd=ROOT,
                    env=env,
                    check=True,
                )
                began = time.monotonic()
                status = subprocess.run(
                    [sys.executable, "-m", f"bench.drills.{name}"], cwd=ROOT, env=env, check=False
                ).returncode
        failed += status != 0
        print(
            json.dumps({"drill": name, "passed": status == 0, "seconds": round(time.monotonic() - began, 1)}),
            flush=True,
        )
    return failed


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
