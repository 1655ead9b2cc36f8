"""A file system in user space that can be told to hang: the kernel's protocol (linux/fuse.h) spoken by hand, so that
nothing has to be installed. It holds nothing, and answers how full it is until `hang` is set."""

import ctypes
import os
import pathlib
import struct
import tempfile
import threading

_libc = ctypes.CDLL(None, use_errno=True)
_INIT, _STATFS, _GETATTR, _INTERRUPT, _FORGET, _DESTROY = 26, 17, 3, 36, 2, 38


def unavailable():
    if os.geteuid() != 0:
        return "mounting a file system needs root"
    return None if os.path.exists("/dev/fuse") else "the kernel has no FUSE"


def _process_of(thread):
    try:
        status = pathlib.Path(f"/proc/{thread}/status").read_text()
    except FileNotFoundError:
        return None
    return int(status.split("Tgid:")[1].split()[0])


class Fuse:
    """`with Fuse() as fuse: … fuse.hang.set() …`; fuse.path is where it is mounted."""

    def __init__(self, fstype="fuse.nas"):
        self.fstype = fstype
        self.hang = threading.Event()
        self.hang_all = False  # with hang: also questions what it is, and not only how full
        self._waiting = []  # (the request, the process that asks)
        self._lock = threading.Lock()

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="talome-fuse-"))
        self._fd = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self._fd},rootmode=40755,user_id=0,group_id=0,allow_other"
        if _libc.mount(b"nas", str(self.path).encode(), self.fstype.encode(), 6, options.encode()) != 0:  # nosuid, nodev
            raise OSError(ctypes.get_errno(), "mount")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        _libc.umount2(str(self.path).encode(), 2)  # MNT_DETACH
        self.answer_again()
        self._thread.join(5)  # the kernel has ended the connection with the last mount
        os.close(self._fd)
        try:
            os.rmdir(self.path)
        except OSError:
            pass

    def _serve(self):
        while True:
            try:
                request = os.read(self._fd, 1 << 17)
            except OSError:
                return
            length, opcode, unique, node, _, _, thread = struct.unpack_from("<IIQQIII", request)
            if opcode == _INIT:
                self._answer(unique, struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 12, 9, 4096, 1, 1, 0, 0))
            elif opcode == _STATFS:
                if self.hang.is_set():
                    with self._lock:
                        self._waiting.append((unique, _process_of(thread)))
                else:
                    self._space(unique)
            elif opcode == _GETATTR and self.hang.is_set() and self.hang_all:
                pass  # its connection ends with the mount, and with it the wait
            elif opcode == _GETATTR:
                attr = struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
                self._answer(unique, struct.pack("<QII", 0 if self.hang_all else 60, 0, 0) + attr)
            elif opcode in (_FORGET, _INTERRUPT):
                pass
            elif opcode == _DESTROY:
                return
            else:
                self._answer(unique, b"", -38)  # ENOSYS

    def _space(self, unique):
        self._answer(unique, struct.pack("<QQQQQIIII24x", 1_000_000, 250_000, 250_000, 100, 50, 4096, 255, 4096, 0))

    def _answer(self, unique, body, error=0):
        try:
            os.write(self._fd, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
        except OSError:
            pass

    def answer_again(self):
        """Answers those that wait, and all that come."""
        self.hang.clear()
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for unique, _ in waiting:
            self._space(unique)

    def waits(self, process):
        """How many questions of this process wait: others on this machine look at each mount too."""
        with self._lock:
            return sum(1 for _, asks in self._waiting if asks == process)
