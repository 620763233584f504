"""The filter of system calls, as the program of classic BPF that the kernel runs before each of them.

Written out, and not built by libseccomp: it is a list of numbers, it needs no library on the machine that grades,
and the tests run it in an interpreter of twenty lines where there is no kernel to ask.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

#: Namespaces: mount, cgroup, uts, ipc, user, pid, net.
NEW_NAMESPACES = 0x7E020000
#: Unix, IPv4, IPv6, and netlink, which asks for interfaces of a network that is empty. Vsock is not bound to a
#: network namespace and reaches the machine below; AF_ALG opens the kernel's ciphers.
FAMILIES = (1, 2, 10, 16)
#: A call that came later than this table does not exist.
UNKNOWN_FROM = 453
X32 = 0x40000000

#: name: (x86_64, aarch64); None where the machine has no such call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # keyrings, which are shared by everything with the same uid
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # large parts of the kernel that no homework needs
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "lookup_dcookie": (212, 18),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "_sysctl": (156, None),
    "sysfs": (139, None),
    "ustat": (136, None),
    "nfsservctl": (180, 42),
    "vmsplice": (278, 75),
    # mounts and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "fsconfig": (431, 431),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # the machine
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "iopl": (172, None),
    "ioperm": (173, None),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    # memory that belongs to no process, so that no watchdog sees it
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184),
    "mq_getsetattr": (245, 185),
}


class UnknownMachine(Exception):
    """There is no table for this kind of processor, so there is no box on it."""


@dataclass(frozen=True)
class Machine:
    """What differs between processors."""

    column: int
    audit: int
    socket: int
    clone: int
    clone3: int


MACHINES = {
    "x86_64": Machine(column=0, audit=0xC000003E, socket=41, clone=56, clone3=435),
    "aarch64": Machine(column=1, audit=0xC00000B7, socket=198, clone=220, clone3=435),
}


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def program(machine: str) -> bytes:
    """The filter for a processor as `os.uname().machine` names it; raises UnknownMachine."""
    try:
        kind = MACHINES[machine]
    except KeyError:
        raise UnknownMachine(f"There is no list of system calls for {machine}.") from None
    refuse, absent = _step(RETURN, ERRNO | errno.EPERM), _step(RETURN, ERRNO | errno.ENOSYS)
    allow = _step(RETURN, ALLOW)
    steps = [
        # A call by the convention of another processor has other numbers: it ends the process.
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, kind.audit, yes=1),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32, no=1),
        _step(RETURN, KILL),
        _step(AT_LEAST, UNKNOWN_FROM, no=1),
        absent,
        # glibc asks for clone where clone3 is absent, and the flags of that one can be read here.
        _step(EQUAL, kind.clone3, no=1),
        absent,
    ]
    for numbers in REFUSED.values():
        number = numbers[kind.column]
        if number is not None:
            steps += [_step(EQUAL, number, no=1), refuse]
    steps += [
        _step(EQUAL, kind.clone, no=4),
        _step(LOAD, FIRST_ARGUMENT),
        _step(ANY_BIT, NEW_NAMESPACES, no=1),
        refuse,
        allow,
        _step(EQUAL, kind.socket, no=len(FAMILIES) * 2 + 2),
        _step(LOAD, FIRST_ARGUMENT),
    ]
    for family in FAMILIES:
        steps += [_step(EQUAL, family, no=1), allow]
    steps += [refuse, allow]
    return b"".join(steps)
