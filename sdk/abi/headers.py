"""Reads the C headers of the contract: every struct with its fields, every callback, every number. No list is kept by hand:
what a header declares in a way that this does not know is an error, not an omission."""

import dataclasses
import pathlib
import re

INCLUDE = pathlib.Path(__file__).resolve().parents[1] / "include"
NO_CONTRACT = {"plain_c.h",  # compiled into plugins: the host never sees it
               "testing.h"}  # of tests, which are built with the library that they use

_WORD = r"[A-Za-z_]\w*"


class Unreadable(Exception):
    """A declaration that is none of the kinds that the contract is written in."""


@dataclasses.dataclass
class Header:
    name: str
    structs: dict    # name: {field: type}
    callbacks: dict  # name: type
    constants: list  # names of enumerators and of macros that are numbers
    texts: dict      # macro: its text, "talome.tasks/0"

    @property
    def revision(self):
        """Of the area that the header declares: 0 until it is frozen; None for abi.h."""
        return next((int(text.split("/")[1]) for text in self.texts.values() if "/" in text), None)


def headers(include=INCLUDE):
    """All of a folder's talome/*.h, each read."""
    files = sorted((include / "talome").glob("*.h"))
    return [read(file) for file in files if file.name not in NO_CONTRACT]


def read(file):
    text = re.sub(r"/\*.*?\*/", " ", file.read_text(encoding="utf-8"), flags=re.S)
    header = Header(file.name, {}, {}, [], {})
    text = re.sub(r"#ifdef __cplusplus\n(.*?)#endif", lambda block: _otherwise(block[1]), text, flags=re.S)
    code = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.lstrip().startswith("#"):
            _directive(header, line)
        else:
            code += line + "\n"
    for declaration in _split(code, ";"):
        _declaration(header, " ".join(declaration.replace("TALOME_NOEXCEPT", "").split()))
    return header


def _otherwise(block):
    """What C sees of an #ifdef __cplusplus."""
    return block.split("#else\n")[1] if "#else\n" in block else ""


def _directive(header, line):
    define = re.fullmatch(rf"#define ({_WORD})(\(.*)?\s*(.*?)\s*", line.strip())
    if not define:
        if not re.match(r"#(include|ifndef|endif|ifdef|else)\b", line.strip()):
            raise Unreadable(f"{header.name}: {line.strip()}")
        return
    name, parameters, value = define.groups()
    if parameters or value == "" or value.startswith("__attribute__"):
        return
    if text := re.fullmatch(r'"([^"\\]*)"', value):
        header.texts[name] = text[1]
    elif re.fullmatch(r"-?\d+[uUlL]*|0x[0-9a-fA-F]+[uUlL]*|U?INT(8|16|32|64)_(MAX|MIN)|SIZE_MAX", value):
        header.constants.append(name)
    else:
        raise Unreadable(f"{header.name}: {line.strip()}")


def _split(text, separator):
    """At the separators outside of every bracket; what is empty is left out."""
    pieces, depth = [""], 0
    for c in text:
        depth += (c in "({[") - (c in ")}]")
        if c == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += c
    return [piece.strip() for piece in pieces if piece.strip()]


def _declaration(header, text):
    if struct := re.fullmatch(rf"typedef struct ({_WORD}) \{{(.*)\}} ({_WORD})", text):
        if struct[1] != struct[3]:
            raise Unreadable(f"{header.name}: struct {struct[1]} is called {struct[3]} as well")
        header.structs[struct[1]] = fields = {}
        for member in _split(struct[2], ";"):
            for name, kind in _member(member, f"{header.name}: {struct[1]}"):
                fields[name] = kind
    elif enum := re.fullmatch(r"(?:typedef )?enum(?: \w+)? \{(.*)\}(?: \w+)?", text):
        header.constants += [each.split("=")[0].strip() for each in _split(enum[1], ",")]
    elif callback := re.fullmatch(rf"typedef (.+?)\(\*({_WORD})\)\s?\((.*)\)", text):
        header.callbacks[callback[2]] = f"{_type(callback[1])} (*)({_parameters(callback[3])})"
    elif alias := re.fullmatch(rf"typedef ({_WORD}) ({_WORD})", text):
        header.callbacks[alias[2]] = alias[1]
    elif not re.fullmatch(rf"typedef struct ({_WORD}) \1|TALOME_EXPORT .+\(.*\)", text):
        raise Unreadable(f"{header.name}: {text}")


def _member(text, where):
    """(name, type) of each thing that one declaration in a struct declares."""
    if function := re.fullmatch(rf"(.+?)\(\*({_WORD})\)\s?\((.*)\)", text):
        return [(function[2], f"{_type(function[1])} (*)({_parameters(function[3])})")]
    if union := re.fullmatch(rf"union \{{(.*)\}} ({_WORD})", text):
        inner = [f"{kind} {name}" for each in _split(union[1], ";") for name, kind in _member(each, where)]
        return [(union[2], f"union {{ {'; '.join(inner)} }}")]
    first, *more = _split(text, ",")
    base = re.fullmatch(rf"((?:const )?(?:struct )?{_WORD})\b(.*)", first)
    found = []
    for declarator in [base[2], *more] if base else [""]:
        one = re.fullmatch(rf"\s*((?:\*\s*(?:const\b\s*)?)*)({_WORD})(\s*\[\d+\])?\s*", declarator)
        if not one:
            raise Unreadable(f"{where}: {text}")
        found.append((one[2], _type(f"{base[1]} {one[1]}{one[3] or ''}")))
    return found


def _type(text):
    text = re.sub(r"\s*(\*|\[)\s*", r" \1", " ".join(text.split()))
    return re.sub(r"\* \*", "**", text).strip()


def _parameters(text):
    """Their types alone: a name may change."""
    return ", ".join(_type(re.sub(rf"^((?:const )?(?:struct )?{_WORD}\b[\s*]*(?:const\b[\s*]*)?){_WORD}$", r"\1", each))
                     for each in _split(text, ","))
