"""The gate against breaks: the contract's structs and numbers are those of layout_v1.txt, and whatever is done to a header
that an older plugin would feel is named."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import headers
import layout


class Headers:
    """A copy of the headers to change: `with Headers() as copy: copy.edit("tasks.h", "int64_t period_ms", "int32_t period_ms")`."""

    def __enter__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="talome-layout-"))
        (self.root / "talome").mkdir()
        for file in (headers.INCLUDE / "talome").glob("*.h"):
            shutil.copy(file, self.root / "talome")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def edit(self, file, old, new):
        path = self.root / "talome" / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file}: {old!r} is there {text.count(old)} times"
        path.write_text(text.replace(old, new))

    def add(self, file, struct, field, last=False):
        """A field at the end of a struct, or in its middle: before its last declaration."""
        path = self.root / "talome" / file
        text = path.read_text()
        begin = text.index(f"typedef struct {struct} {{") + len(f"typedef struct {struct} {{")
        end = text.index(f"}} {struct};", begin)
        body = re.sub(r"/\*.*?\*/", lambda comment: " " * len(comment[0]), text[begin:end], flags=re.S)
        ends = [m.end() for m in re.finditer(r";", body) if body[:m.start()].count("{") == body[:m.start()].count("}")]
        at = begin + (ends[-1] if last else ends[-2] if len(ends) > 1 else 0)
        path.write_text(f"{text[:at]} {field}; {text[at:]}")

    def compared(self):
        """(what is broken, what is new) against the real headers."""
        now = layout.parse(layout.measure(self.root))
        return layout.breaks(TODAY, now), layout.additions(TODAY, now)


TODAY = layout.parse(layout.measure())


class PromiseTest(unittest.TestCase):
    def test_today_keeps_the_promise(self):
        promised = layout.parse(layout.PROMISED.read_text())
        self.assertEqual(layout.breaks(promised, TODAY), [], "see \"The promise\" in sdk/ABI.md")
        self.assertEqual(layout.additions(promised, TODAY), [], "new: sdk/abi/layout.py accept writes them down")

    def test_every_struct_says_its_size_first(self):
        for struct, fields in TODAY.fields.items():
            if struct not in layout.FROZEN:
                self.assertEqual(next(iter(fields)), "struct_size", struct)
                self.assertEqual(fields["struct_size"], (0, 4, "uint32_t"), struct)

    def test_no_struct_is_overlooked(self):
        for file in (headers.INCLUDE / "talome").glob("*.h"):
            if file.name in headers.NO_CONTRACT:
                continue
            for word in re.findall(r"\btalome_\w+", re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.S)):
                if re.search(rf"\bstruct {word}\s*\{{", file.read_text()):
                    self.assertIn(word, TODAY.fields, file.name)


class BreakTest(unittest.TestCase):
    """Each with the words that it is told with."""

    def breaks(self, *edits):
        with Headers() as copy:
            for edit in edits:
                copy.edit(*edit)
            return copy.compared()[0]

    def test_a_field_in_the_middle_of_any_struct(self):
        with Headers() as copy:  # all at once: each copy costs a compiler's run
            for header in headers.headers():
                for struct in header.structs:
                    copy.add(header.name, struct, "uint32_t added")
            broken = copy.compared()[0]
        for struct in TODAY.fields:
            self.assertTrue([each for each in broken if each.startswith(f"{struct}.added is new and stands before {struct}.")], struct)

    def test_a_field_in_the_middle(self):
        self.assertEqual(self.breaks(("tasks.h", "int64_t period_ms;", "uint64_t added; int64_t period_ms;")),
                         ["talome_task.added is new and stands before talome_task.period_ms; new fields go to the end"])

    def test_a_function_in_the_middle(self):
        self.assertEqual(self.breaks(("events.h", "  talome_status (*publish)(", "  void (*added)(void) TALOME_NOEXCEPT;\n  talome_status (*publish)(")),
                         ["talome_events.added is new and stands before talome_events.publish; new fields go to the end"])

    def test_removed(self):
        self.assertEqual(self.breaks(("abi.h", "  int64_t (*now_ms)(talome_self *) TALOME_NOEXCEPT;\n", "")),
                         ["talome_host.now_ms is gone; what is withdrawn keeps its place"])

    def test_renamed(self):
        self.assertEqual(self.breaks(("settings.h", "const char *fallback;", "const char *otherwise;")),
                         ["talome_setting.fallback is gone; what is withdrawn keeps its place",
                          "talome_setting.otherwise is new and stands before talome_setting.environment; new fields go to the end"])

    def test_reordered(self):
        found = self.breaks(("abi.h", "  const char *id;                   /*", "  const char *version, *id;         /*"),
                            ("abi.h", "  const char *version;              /* semantic", "  /* semantic"))
        self.assertEqual(len(found), 1, found)
        self.assertIn("talome_plugin.version has moved: the order was struct_size, abi, id, version", found[0])

    def test_a_type_changed(self):
        self.assertEqual(self.breaks(("tasks.h", "int64_t period_ms;", "uint64_t period_ms;")),
                         ["talome_task.period_ms: the type was int64_t and is uint64_t"])
        self.assertEqual(self.breaks(("tasks.h", "int64_t period_ms;", "int32_t period_ms;")),
                         ["talome_task.period_ms: the type was int64_t and is int32_t"])

    def test_a_signature_changed(self):
        self.assertEqual(self.breaks(("io.h", "(*change)(talome_self *, uint64_t number, uint32_t events)",
                                      "(*change)(talome_self *, uint32_t events, uint64_t number)")),
                         ["talome_io.change: the type was talome_status (*)(talome_self *, uint64_t, uint32_t) "
                          "and is talome_status (*)(talome_self *, uint32_t, uint64_t)"])
        self.assertEqual(self.breaks(("io.h", "(void *user, int32_t fd, uint32_t events)", "(void *user, int32_t fd)")),
                         ["talome_ready: the type was void (*)(void *, int32_t, uint32_t) and is void (*)(void *, int32_t)"])

    def test_a_constant_changed_or_gone(self):
        self.assertEqual(self.breaks(("abi.h", "TALOME_E_CONFLICT = -5,", "TALOME_E_CONFLICT = -16,")),
                         ["TALOME_E_CONFLICT: the value was -5 and is -16"])
        self.assertEqual(self.breaks(("io.h", ", TALOME_HANGUP = 4u", "")), ["TALOME_HANGUP is gone"])

    def test_a_struct_of_arrays_grown(self):
        self.assertEqual(self.breaks(("abi.h", "talome_str name, value;", "talome_str name, value; uint64_t added;")),
                         ["talome_pair is frozen at 32 bytes and has 40"])

    def test_a_field_in_the_padding(self):
        """An older side's struct_size covers it, and it has never set it."""
        with Headers() as copy:
            copy.edit("io.h", "typedef struct talome_io {\n", "typedef struct talome_io {\n  uint64_t first;\n")
            copy.add("io.h", "talome_io", "uint32_t odd", last=True)
            before = layout.parse(layout.measure(copy.root))
            copy.add("io.h", "talome_io", "uint32_t added", last=True)
            found = layout.breaks(before, layout.parse(layout.measure(copy.root)))
        self.assertEqual(len(found), 1, found)
        self.assertIn("talome_io.added is new and lies within the 48 bytes that the struct had", found[0])


class GrowthTest(unittest.TestCase):
    def test_at_the_end(self):
        growing = [(header.name, struct) for header in headers.headers() for struct in header.structs if struct not in layout.FROZEN]
        with Headers() as copy:
            for file, struct in growing:
                copy.add(file, struct, "uint64_t added", last=True)
            self.assertEqual(copy.compared(), ([], [f"{struct}.added" for _, struct in growing]))

    def test_new_things(self):
        with Headers() as copy:
            copy.edit("io.h", "typedef struct talome_io {",
                      "enum { TALOME_LATER = 7 };\n/* [any] */ typedef void (*talome_new)(void *user) TALOME_NOEXCEPT;\n"
                      "typedef struct talome_added {\n  uint32_t struct_size, a;\n} talome_added;\ntypedef struct talome_io {")
            self.assertEqual(copy.compared(), ([], ["TALOME_LATER", "talome_new", "talome_added"]))

    def test_a_reserved_field_gets_a_name(self):
        with Headers() as copy:
            copy.edit("io.h", "uint32_t struct_size, reserved;", "uint32_t struct_size, flags;")
            self.assertEqual(copy.compared(), ([], ["talome_io.flags"]))

    def test_a_parameter_may_be_called_something_else(self):
        with Headers() as copy:
            copy.edit("tasks.h", "talome_str task, int64_t delay_ms", "talome_str id, int64_t")
            self.assertEqual(copy.compared(), ([], []))


class CommandTest(unittest.TestCase):
    """In a copy of the folder, so that nothing of the tree is written."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="talome-layout-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(HERE, self.root / "abi")
        shutil.copytree(headers.INCLUDE, self.root / "include")
        for header in (self.root / "include/talome").glob("*.h"):  # also once the real ones are promised
            header.write_text(header.read_text().replace('/1"', '/0"'))
        self.run_it("accept", "--breaking")

    def run_it(self, *words):
        done = subprocess.run([sys.executable, self.root / "abi/layout.py", *words], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def edit(self, file, old, new):
        path = self.root / "include/talome" / file
        self.assertEqual(path.read_text().count(old), 1)
        path.write_text(path.read_text().replace(old, new))

    def test_growth_is_accepted_by_one_command(self):
        self.assertEqual(self.run_it(), (0, ""))
        self.edit("tasks.h", "} talome_tasks;", "  void (*added)(talome_self *) TALOME_NOEXCEPT;\n} talome_tasks;")
        code, said = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("talome_tasks.added is new: once it is as it should be, sdk/abi/layout.py accept", said)
        self.assertEqual(self.run_it("accept"), (0, "accepted: talome_tasks.added\n"))
        self.assertEqual(self.run_it(), (0, ""))

    def test_a_break_is_accepted_only_where_nothing_is_frozen_and_it_is_meant(self):
        self.edit("tasks.h", "int64_t period_ms;", "uint64_t period_ms;")
        code, said = self.run_it("accept")
        self.assertEqual(code, 1)
        self.assertIn("talome_task.period_ms: the type was int64_t and is uint64_t\nnot accepted", said)
        self.edit("io.h", '"talome.io/0"', '"talome.io/1"')
        code, said = self.run_it("accept", "--breaking")
        self.assertEqual(code, 1)
        self.assertIn("talome.io/1 are frozen", said)
        self.edit("io.h", '"talome.io/1"', '"talome.io/0"')
        self.assertEqual(self.run_it("accept", "--breaking")[0], 0)
        self.assertEqual(self.run_it(), (0, ""))

    def test_what_cannot_be_read_is_an_error(self):
        self.edit("io.h", "typedef struct talome_io {", "typedef struct talome_bits { uint32_t a : 3; } talome_bits;\ntypedef struct talome_io {")
        code, said = self.run_it()
        self.assertNotEqual(code, 0)
        self.assertIn("Unreadable: io.h: talome_bits: uint32_t a : 3", said)


if __name__ == "__main__":
    unittest.main()
