"""The ABI's structs and numbers are those of layout_v1.txt: fields may be added at the end of a struct, nothing else."""

import os
import pathlib
import re
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("TALOME_BUILD") or HERE.parents[1] / "build/release")
FROZEN = {"talome_str", "talome_bytes", "talome_pair", "talome_value"}


def parse(text):
    """{"talome_str": size}, {("talome_str", "p"): (offset, size)}, {"TALOME_OK": "0"}"""
    sizes, fields, values = {}, {}, {}
    for line in text.splitlines():
        words = line.split()
        if words[0] == "=":
            values[words[1]] = words[2]
        elif words[1] == "-":
            sizes[words[0]] = int(words[3])
        else:
            fields[words[0], words[1]] = (int(words[2]), int(words[3]))
    return sizes, fields, values


def breaks(promised, now):
    """A sentence for each broken promise."""
    wrong = []
    for name, value in promised[2].items():
        if now[2].get(name) != value:
            wrong.append(f"{name} was {value} and is {now[2].get(name, 'gone')}")
    for (struct, field), (offset, size) in promised[1].items():
        is_now = now[1].get((struct, field))
        if is_now is None:
            wrong.append(f"{struct}.{field} is gone")
        elif is_now != (offset, size):
            wrong.append(f"{struct}.{field} was {size} bytes at {offset} and is {is_now[1]} at {is_now[0]}")
    for struct, size in promised[0].items():
        if struct in FROZEN and now[0].get(struct) != size:
            wrong.append(f"{struct} is frozen at {size} bytes and has {now[0].get(struct)}")
    for (struct, field), (offset, _) in now[1].items():
        if struct in promised[0] and (struct, field) not in promised[1] and offset < promised[0][struct]:
            wrong.append(f"{struct}.{field} is new and stands before the struct's old end")
    return wrong


class LayoutTest(unittest.TestCase):
    def setUp(self):
        self.promised = (HERE / "layout_v1.txt").read_text()

    def test_today_keeps_the_promise(self):
        now = subprocess.run([BUILD / "bin/talome_abi_layout"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(breaks(parse(self.promised), parse(now)), [])
        self.assertEqual(set(parse(now)[1]) - set(parse(self.promised)[1]), set(),
                         "new fields: once released, add their lines to layout_v1.txt")

    def test_a_break_is_named(self):
        promised = parse(self.promised)
        for old, new, words in [
            ("talome_host log 24 8", "talome_host log 32 8", "talome_host.log was 8 bytes at 24 and is 8 at 32"),
            ("talome_host log 24 8\n", "", "talome_host.log is gone"),
            ("talome_str - - 16", "talome_str - - 24", "talome_str is frozen at 16 bytes and has 24"),
            ("= TALOME_E_CONFLICT -5", "= TALOME_E_CONFLICT -6", "TALOME_E_CONFLICT was -5 and is -6"),
            ("talome_host log 24 8", "talome_host added 20 4\ntalome_host log 24 8",
             "talome_host.added is new and stands before the struct's old end"),
        ]:
            self.assertIn(old, self.promised)
            self.assertEqual(breaks(promised, parse(self.promised.replace(old, new))), [words])

    def test_growing_at_the_end_is_no_break(self):
        size = parse(self.promised)[0]["talome_host"]
        grown = self.promised.replace(f"talome_host - - {size}", f"talome_host - - {size + 8}") + f"talome_host added {size} 8\n"
        self.assertEqual(breaks(parse(self.promised), parse(grown)), [])

    def test_every_struct_is_listed(self):
        """A struct that is added to a header has to be added to layout.c."""
        for header in (HERE.parent / "include/talome").glob("*.h"):
            for struct in re.findall(r"^typedef struct (\w+) \{", header.read_text(), re.M):
                self.assertIn(f"\n{struct} - - ", "\n" + self.promised, f"{header.name}: {struct} is not in layout.c")


if __name__ == "__main__":
    unittest.main()
