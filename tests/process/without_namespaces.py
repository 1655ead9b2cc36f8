"""Runs a command under a seccomp filter like that of RestrictNamespaces=yes: clone, clone3, unshare and setns make no
namespaces. With --no-landlock, Landlock is not there either. without_namespaces.py [--no-landlock] COMMAND…"""

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {"x86_64": {"clone": 56, "unshare": 272, "setns": 308, "clone3": 435, "landlock": 444},
           "aarch64": {"clone": 220, "unshare": 97, "setns": 268, "clone3": 435, "landlock": 444}}[platform.machine()]
NAMESPACES = 0x7E020000
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000


def filter_of(no_landlock):
    """Classic BPF: (code, jump if true, jump if false, k)."""
    rules = []
    for name, code in (("setns", errno.EPERM), ("clone3", errno.ENOSYS)) + ((("landlock", errno.EOPNOTSUPP),) if no_landlock else ()):
        rules += [(LOAD, 0, 0, 0), (EQUAL, 0, 1, NUMBERS[name]), (RETURN, 0, 0, ERROR | code)]
    for name in ("clone", "unshare"):
        rules += [(LOAD, 0, 0, 0), (EQUAL, 0, 3, NUMBERS[name]), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, NAMESPACES),
                  (RETURN, 0, 0, ERROR | errno.EPERM)]
    return rules + [(RETURN, 0, 0, ALLOW)]


def main():
    words = sys.argv[1:]
    no_landlock = words[0] == "--no-landlock"
    rules = filter_of(no_landlock)
    code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    memory = ctypes.create_string_buffer(code)
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(memory)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    words = words[1:] if no_landlock else words
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
