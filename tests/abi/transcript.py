"""The console blocks of a text for readers, run as they stand there: what is printed has to be what the text shows."""

import pathlib
import re
import subprocess


def steps(file, heading):
    """(command, the lines that it prints) of each console block below a heading, up to the next one."""
    text = pathlib.Path(file).read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", re.split(r"^#", text, maxsplit=1, flags=re.M)[0], re.S | re.M):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def run(commands, folder, env):
    """Each in the same shell, as a reader has it; what each has printed, and its exit code."""
    mark = "=-=-= step ended with "
    script = "".join(f"{command}\nprintf '\\n{mark}%d\\n' $?\n" for command in commands)
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    pieces = re.split(rf"^{mark}(\d+)\n", done.stdout, flags=re.M)
    return list(zip(pieces[0::2], map(int, pieces[1::2])))


def agrees(expected, printed):
    """Whether the lines are these; a line "…" stands for any number of others."""
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else re.escape(line) + "\n" for line in expected)
    text = printed.rstrip("\n")
    return re.fullmatch(pattern, text and f"{text}\n") is not None
