"""S38: only what is documented listens: the server's own port, and a listener of an active plugin. Everything internal is
a unix socket that its owner alone may open, and there is no helper process and no side-car database."""

import os
import pathlib
import stat
import unittest

from house import House, Talomed


def inodes(pid):
    found = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            link = os.readlink(entry)
        except FileNotFoundError:
            continue
        if link.startswith("socket:["):
            found.add(link[8:-1])
    return found


def listening(pid):
    """(family, address, port) of every TCP and UDP socket of the process that takes what comes."""
    own, found = inodes(pid), set()
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in own and (fields[3] == "0A" or name.startswith("udp")):
                address, port = fields[1].split(":")
                found.add((name, address, int(port, 16)))
    return found


def unix_sockets(pid):
    """Paths of the process's unix sockets that listen."""
    own = inodes(pid)
    rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]]
    return {row[7] for row in rows if len(row) > 7 and row[6] in own and int(row[3], 16) & 0x10000}


def children(pid):
    return [task for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "children").read_text().strip()]


LOOPBACK = "0100007F"  # 127.0.0.1 as the kernel writes it on a little-endian machine


class OpenPortsTest(unittest.TestCase):
    def check(self, talomed, ports):
        found = listening(talomed.pid)
        self.assertEqual(found, {("tcp", LOOPBACK, port) for port in ports})
        for path in unix_sockets(talomed.pid):
            self.assertFalse(path.startswith("@"), f"{path}: an abstract socket has no owner")
            if path.startswith("/proc/self/fd/"):  # how it was bound, whatever the length of the folder's path
                path = talomed.state / "talomed.sock"
            mode = os.stat(path)
            self.assertTrue(stat.S_ISSOCK(mode.st_mode))
            self.assertEqual(stat.S_IMODE(mode.st_mode), 0o600, path)
            self.assertEqual(mode.st_uid, os.geteuid(), path)
        self.assertEqual(children(talomed.pid), [])

    def test_alone(self):
        with Talomed(plugins="none") as talomed:
            self.check(talomed, [talomed.port])
            talomed.login()
            self.check(talomed, [talomed.port])

    def test_with_plugins(self):
        with House() as house:
            admin = next(caller for caller in house.people() if caller.name == "admin")
            self.check(house, house.ports())
            for operation in house.operations():
                if operation.method == "GET":
                    house.status_of(operation, admin)
            self.check(house, house.ports())

    def test_the_listeners_are_in_the_document(self):
        with House() as house:
            house.login()
            self.assertEqual(set(house.document()["x-listeners"]) - {"daemon"}, {"ws"})  # the latter is the terminal plugin's

    def test_nothing_is_left_to_others(self):
        """Files of the state are their owner's alone, and so are the sockets, which go when the server does."""
        with House() as house:
            house.login()
            for path in [house.state, *house.state.rglob("*")]:
                self.assertEqual(stat.S_IMODE(path.lstat().st_mode) & 0o077, 0, path)
            sockets = unix_sockets(house.pid)
            self.assertEqual(house.stop(), 0)
            for path in sockets:
                self.assertFalse(os.path.exists(path), path)


if __name__ == "__main__":
    unittest.main()
