#!/usr/bin/env python3
"""Keeps a copy of the SDK and of two plugins built from it in tests/abi/frozen, which every later host must run.

    freeze.py            makes or renews the copy for today's version. Only while the areas are "/0", when it says no more than
                         that today's host runs what was built for it; a copy of "/1" is never renewed
    freeze.py --promise  first makes every area "/1", in version 1.0.0: from then on the promise of sdk/ABI.md holds. What the
                         packages need of each other, and which SDK a project accepts, follows from the areas
                         (cmake/TalomeRevision.cmake, cmake/plugin_packages.cmake)

In the copy: include/, src/ and plugin.map as an author had them; the plugins' sources; the one in C as a binary, which is
what an owner would still have; and both manifests. The one in C++ is built from the copy with every build.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

import headers
import layout

ROOT = pathlib.Path(__file__).resolve().parents[2]
FROZEN = ROOT / "tests/abi/frozen"
PLUGINS = {"frozen-c": "frozen_c.c", "frozen-cpp": "frozen_cpp.cpp"}
NOT_FROZEN = ("testing*",)  # tests are built with the library that they use
TEXT = {".h", ".hpp", ".ipp", ".c", ".cpp", ".py", ".md", ".txt", ".cmake"}


def version():
    return re.search(r"project\(talome VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def is_promised(copy):
    return any(header.revision for header in headers.headers(copy / "include"))


def promise():
    """Makes "/0" of every area "/1", wherever it is named."""
    area = re.compile(r"\btalome\.(\w+)/0\b")
    names = {text.removeprefix("talome.").split("/")[0] for header in headers.headers() for text in header.texts.values()}
    for folder in ("sdk", "host", "plugins", "tests"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix not in TEXT or FROZEN in file.parents or file.parent == pathlib.Path(__file__).parent:
                continue
            text = file.read_text(encoding="utf-8")
            bumped = area.sub(lambda found: f"talome.{found[1]}/1" if found[1] in names else found[0], text)
            if bumped != text:
                file.write_text(bumped, encoding="utf-8")
                print(f"/1 in {file.relative_to(ROOT)}")
    for file in sorted((ROOT / "sdk").glob("template*/CMakeLists.txt")):  # else it asks for an SDK of before
        file.write_text(re.sub(r"find_package\(Talome [\d.]+", "find_package(Talome 1.0", file.read_text()))
    layout.PROMISED.write_text(layout.measure())


def compile_plugin(copy, name, to):
    """As talome.pc does it."""
    source = copy / f"{name}{pathlib.Path(PLUGINS[name]).suffix}"
    flags = ["-O2", "-s", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", f"-I{copy}/include", "-shared",
             f"-Wl,--version-script={copy}/plugin.map", "-Wl,-z,defs", "-Wl,--gc-sections", "-Wl,--build-id=none"]
    if source.suffix == ".c":
        command = [*os.environ.get("CC", "cc").split(), "-std=c11", *flags, source]
    else:
        command = [*os.environ.get("CXX", "c++").split(), "-std=c++20", "-fvisibility-inlines-hidden", "-fno-gnu-unique",
                   "-DBOOST_JSON_NO_LIB", "-DBOOST_CONTAINER_NO_LIB", *flags, source, copy / "src/boost_json.cpp"]
    subprocess.run([*command, "-o", to], check=True)


def freeze(manifest):
    copy = FROZEN / version()
    if copy.exists() and is_promised(copy):
        sys.exit(f"{copy.relative_to(ROOT)} holds a promise: it is never made anew. A new version has a new copy")
    for other in FROZEN.iterdir() if FROZEN.exists() else []:
        if other.is_dir() and not is_promised(other):
            shutil.rmtree(other)  # plugins for "/0" belong to the host that they were built with
    shutil.copytree(ROOT / "sdk/include", copy / "include", ignore=shutil.ignore_patterns(*NOT_FROZEN))
    shutil.copytree(ROOT / "sdk/src", copy / "src", ignore=shutil.ignore_patterns("doctest*"))
    shutil.copy(ROOT / "sdk/cmake/plugin.map", copy)
    for name, source in PLUGINS.items():
        shutil.copy(ROOT / "tests/abi" / source, copy / f"{name}{pathlib.Path(source).suffix}")
        compile_plugin(copy, name, copy / f"{name}.so")
        subprocess.run([manifest, copy / f"{name}.so"], check=True)
    (copy / "frozen-cpp.so").unlink()  # too large to keep
    print(f"frozen: {copy.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promise", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where talome-manifest is built")
    options = parser.parse_args()
    if options.promise and all(header.revision != 0 for header in headers.headers()):
        sys.exit("the areas are promised already")
    if options.promise and version() != "1.0.0":
        sys.exit(f"the promise begins with version 1.0.0, and this is {version()}: change it in CMakeLists.txt first")
    if options.promise:
        promise()
    subprocess.run(["cmake", "--build", options.build, "--target", "talome-manifest"], check=True)
    freeze(options.build / "bin/talome-manifest")


if __name__ == "__main__":
    main()
