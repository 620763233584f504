"""Whether this machine can have the boxes that students' code runs in, and what they are made of."""

import os
import shutil
import subprocess
import sys
from functools import cache

#: Into a user namespace with everything else, as somebody without rights: what bubblewrap has to be able to do.
TRY = """
import ctypes, os, sys
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(ctypes.CDLL(None, use_errno=True).unshare(0x10000000 | 0x20000000 | 0x00020000 | 0x40000000) != 0)
"""


@cache
def permits_namespaces() -> bool:
    """Whether an ordinary user may make namespaces here; many containers and hardened kernels say no."""
    if not sys.platform.startswith("linux"):
        return False
    return (
        subprocess.run(
            [sys.executable, "-I", "-c", TRY], capture_output=True, check=False, cwd="/"
        ).returncode
        == 0
    )


def why_none() -> str:
    """Why there are no boxes here, as a sentence; empty where there are."""
    if not permits_namespaces():
        return "this machine refuses namespaces to ordinary users."
    return (
        ""
        if shutil.which("bwrap")
        else "bubblewrap is not installed (`./run test` installs it where it may)."
    )


def ensure() -> None:
    """Install bubblewrap for the tests where it is missing, we are root and there is apt."""
    if not permits_namespaces() or shutil.which("bwrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("No bubblewrap found: installing Debian's for the tests of the box.", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "bubblewrap"],
    ):
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
