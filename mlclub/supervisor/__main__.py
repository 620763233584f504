"""`./run [demo|club|manage|test|check|bench|drill|backup|restore|setup]`."""

import os
import sys
from collections.abc import Callable, Sequence

from mlclub.supervisor import portal, proof
from mlclub.supervisor.engines import CannotStart
from mlclub.supervisor.state import ROOT

HELP = """\
./run                  the demo club on http://localhost:8000 (PORT=… moves it)
./run club             the same portal with an empty database, and a page that sets up your club
./run manage COMMAND   any management command, against the servers of this portal
./run test [ARGS]      all tests, browser tests included; with arguments, pytest with them
./run check [WORD]     every linter and checker, or those whose name contains a word
./run bench [ARGS]     how fast it is, as JSON lines
./run drill [ARGS]     the reliability drills
./run backup [FILE]    the database and every uploaded file, in one archive
./run restore FILE     the club as it was in that archive; mails wait for an officer
./run setup            make or refresh .venv, and nothing else
`make X` is the same as `./run X`. The data is in .local; MLCLUB_STATE=… puts it elsewhere.
"""


def module(name: str, arguments: Sequence[str]) -> int:
    """Become another Python program of ours."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", name, *arguments])


def say_help(arguments: Sequence[str]) -> int:
    print(HELP, end="")
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "demo": lambda arguments: portal.run("demo"),
    "club": lambda arguments: portal.run("club"),
    "manage": portal.manage,
    "backup": lambda arguments: portal.manage(["backup", *arguments]),
    "restore": lambda arguments: portal.manage(["restore", *arguments]),
    "test": proof.test,
    "check": proof.check,
    "bench": lambda arguments: module("bench", arguments),
    "drill": lambda arguments: module("bench.drills", arguments),
    "setup": lambda arguments: 0,
    "help": say_help,
}


def main(arguments: Sequence[str]) -> int:
    name, *rest = arguments or ["demo"]
    command = COMMANDS.get(name)
    if command is None:
        print(f"./run knows no {name!r}.\n\n{HELP}", end="", file=sys.stderr)
        return 2
    try:
        return command(rest)
    except CannotStart as sentence:
        print(sentence, file=sys.stderr)
        return 4


sys.exit(main(sys.argv[1:]))
