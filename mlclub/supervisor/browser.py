"""A Chromium for the browser tests: found, or installed where that is allowed."""

import os
import shutil
import subprocess
from pathlib import Path

# Without these a fresh Chromium talks to hosts of its own, or does not start as root.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """$CHROMIUM_PATH, then Playwright's own, then the system's."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return named if Path(named).exists() else None
    kept = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folder = Path(kept) if kept else Path(os.path.expanduser("~/.cache/ms-playwright"))  # noqa: PTH111 - no HOME
    theirs = sorted(folder.glob("chromium-*/chrome-linux*/chrome"))
    if theirs:
        return str(theirs[-1])
    return next(filter(None, map(shutil.which, ["/usr/bin/chromium", "chromium", "google-chrome"])), None)


def ensure() -> str | None:
    """Find one, or install Debian's where we are root and there is apt."""
    found = find()
    if found or os.environ.get("CHROMIUM_PATH") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    print("No Chromium found: installing Debian's for the browser tests.", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{' '.join(command)} failed:\n{done.stdout[-400:]}{done.stderr[-800:]}", flush=True)
    return find()
