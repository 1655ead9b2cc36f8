#!/usr/bin/env python3
"""What of the contract's structs and numbers was promised (layout_v1.txt), and what the headers of the day say.

    layout.py           compares the two, and says what is broken and what is new
    layout.py accept    writes what is new into layout_v1.txt; with --breaking also what is broken, which only areas that
                        are not frozen ("/0") can be

A line of layout_v1.txt is "struct.field offset size type", "struct - size", "= constant value" or "callback : type".
"""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile

import headers

HERE = pathlib.Path(__file__).resolve().parent
PROMISED = HERE / "layout_v1.txt"
FROZEN = {"talome_str", "talome_bytes", "talome_pair", "talome_value"}  # both sides make arrays of them


@dataclasses.dataclass
class Layout:
    sizes: dict = dataclasses.field(default_factory=dict)      # struct: size
    fields: dict = dataclasses.field(default_factory=dict)     # struct: {field: (offset, size, type)}
    constants: dict = dataclasses.field(default_factory=dict)  # name: value
    callbacks: dict = dataclasses.field(default_factory=dict)  # name: type


def parse(text):
    layout = Layout()
    for line in filter(None, text.splitlines()):
        name, *words = line.split(" ")
        if name == "=":
            layout.constants[words[0]] = " ".join(words[1:])
        elif words[0] == ":":
            layout.callbacks[name] = " ".join(words[1:])
        elif words[0] == "-":
            layout.sizes[name] = int(words[1])
            layout.fields[name] = {}
        else:
            struct, field = name.split(".")
            layout.fields[struct][field] = (int(words[0]), int(words[1]), " ".join(words[2:]))
    return layout


def measure(include=headers.INCLUDE):
    """The text that layout_v1.txt would have, by the C compiler of this machine."""
    includes, lines = "", ""
    for header in headers.headers(include):
        includes += f"#include <talome/{header.name}>\n"
        for name, text in header.texts.items():
            lines += f'  puts("= {name} {text}");\n'
        for name in header.constants:
            lines += f'  printf("= {name} %ld\\n", (long){name});\n'
        for name, kind in header.callbacks.items():
            lines += f'  puts("{name} : {kind}");\n'
        for struct, fields in header.structs.items():
            lines += f'  printf("{struct} - %zu\\n", sizeof({struct}));\n'
            for field, kind in fields.items():
                lines += (f'  printf("{struct}.{field} %zu %zu {kind}\\n", offsetof({struct}, {field}), '
                          f'sizeof((({struct} *)0)->{field}));\n')
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder, "layout.c"), pathlib.Path(folder, "layout")
        source.write_text(f"#include <stdio.h>\n{includes}int main(void) {{\n{lines}  return 0;\n}}\n")
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-std=c11", "-I", include, source, "-o", program], check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def breaks(promised, now):
    """A sentence for each broken promise, which names the struct and the field."""
    wrong = []
    for kind, before, after in (("the value", promised.constants, now.constants), ("the type", promised.callbacks, now.callbacks)):
        for name, value in before.items():
            if name not in after:
                wrong.append(f"{name} is gone")
            elif after[name] != value:
                wrong.append(f"{name}: {kind} was {value} and is {after[name]}")
    for struct, fields in promised.fields.items():
        if struct not in now.fields:
            wrong.append(f"{struct} is gone")
            continue
        wrong += _moves(struct, fields, now.fields[struct], promised.sizes[struct])
        if struct in FROZEN and now.sizes[struct] != promised.sizes[struct]:
            wrong.append(f"{struct} is frozen at {promised.sizes[struct]} bytes and has {now.sizes[struct]}")
    return wrong


def _moves(struct, before, after, old_size):
    """What was done to the fields of one struct: the causes, not every offset that follows from them."""
    before = {_now_called(field, place, after): place for field, place in before.items()}
    wrong = [f"{struct}.{field} is gone; what is withdrawn keeps its place" for field in before if field not in after]
    kept = [field for field in after if field in before]
    last = max((list(after).index(field) for field in kept), default=-1)
    for index, field in enumerate(after):
        if field in before:
            continue
        if index < last:
            behind = next(other for other in list(after)[index + 1:] if other in before)
            wrong.append(f"{struct}.{field} is new and stands before {struct}.{behind}; new fields go to the end")
        elif after[field][0] < old_size:
            wrong.append(f"{struct}.{field} is new and lies within the {old_size} bytes that the struct had; "
                         f"older sides count them as theirs")
    order = [field for field in before if field in after]
    if kept != order:
        moved = next(new for new, old in zip(kept, order) if new != old)
        wrong.append(f"{struct}.{moved} has moved: the order was {', '.join(order)}")
    for field in kept:
        if before[field][2] != after[field][2]:
            wrong.append(f"{struct}.{field}: the type was {before[field][2]} and is {after[field][2]}")
    for field in [] if wrong else kept:  # what follows from the above need not be said
        if before[field][:2] != after[field][:2]:
            wrong.append(f"{struct}.{field} was {before[field][1]} bytes at {before[field][0]} and is {after[field][1]} "
                         f"at {after[field][0]}")
    return wrong


def _now_called(field, place, after):
    """A reserved field, which is zero, may get a name and a meaning."""
    if not field.startswith("reserved") or field in after:
        return field
    return next((new for new, its in after.items() if its == place), field)


def additions(promised, now):
    """What is there and was not promised yet."""
    new = [name for name in [*now.constants, *now.callbacks] if name not in promised.constants | promised.callbacks]
    for struct, fields in now.fields.items():
        if struct not in promised.fields:
            new.append(struct)
        else:
            new += [f"{struct}.{field}" for field in fields if field not in promised.fields[struct]]
    return new


def frozen_areas():
    return [next(iter(header.texts.values())) for header in headers.headers() if header.revision]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", nargs="?", choices=["compare", "accept"], default="compare")
    parser.add_argument("--breaking", action="store_true")
    options = parser.parse_args()
    text = measure()
    promised, now = parse(PROMISED.read_text()), parse(text)
    wrong, new = breaks(promised, now), additions(promised, now)
    for sentence in wrong:
        print(sentence)
    if options.action == "accept":
        if wrong and frozen_areas():
            sys.exit(f"not accepted: a promise is broken, and {', '.join(frozen_areas())} are frozen")
        if wrong and not options.breaking:
            sys.exit("not accepted: these break plugins that are built; say --breaking if that is meant")
        PROMISED.write_text(text)
        print("\n".join(f"accepted: {name}" for name in new) or "nothing is new")
        return 0
    for name in new:
        print(f"{name} is new: once it is as it should be, sdk/abi/layout.py accept")
    return 1 if wrong or new else 0


if __name__ == "__main__":
    sys.exit(main())
