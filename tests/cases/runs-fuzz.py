#!/usr/bin/env python3
"""tp-validate or tp-split on generated exports, good and broken, under many
options: rows taken in runs must come out as those taken one by one do
(TP_SCAN=libcsv), and, if OTHER is given, as they do from that program, such as
that of an earlier version.

    runs-fuzz.py tp-validate|tp-split ROUNDS [SEED [OTHER]]
"""

import json
import os
import random
import subprocess
import sys

PIECES = [b"x", b"abc", b"gold", b"-._~", b" ", b"%", b"&", b"+", b"=", b"/",
          b"\xc3\xa4", b"\xe6\x9d\xb1", b"\xf0\x9f\x8e\x81", b"\t", b"'", b"|",
          b"NULL", b"batch=", b"0123456789" * 7]
IDS = [b"", b" x", b"x ", b"a b", b"a+b", b"a/b", b"a\tb", b"\x7f", b"\xc3\xa4",
       b"NULL", b"1368007744041-575948.01_00", b"0" * 38, b"\xc2\x85"]
BROKEN = [b"\xff", b"\xc3", b"\x00", b'"', b"\r", b'a"b', b'"a" ']


def cell(rng, broken, delimiter, good):
    if good:        # as most cells of most exports
        return rng.choice([b"x", b"gold", b"2026-11-26", b"12.50", b"", b"a b",
                           b"\xc3\xa4", b"NULL"]).replace(delimiter, b"")
    text = b"".join(rng.choice(PIECES) for _ in range(rng.randrange(4)))
    kind = rng.randrange(12)
    if kind == 0:
        return b""
    if kind == 1:
        return b"NULL"
    if kind < 4:
        inner = text + rng.choice([b"", b",", b"\n", b"\r\n", b'""', delimiter])
        return b'"' + inner + b'"'
    if broken and rng.randrange(40) == 0:
        return text + rng.choice(BROKEN)
    if text[:1] in (b"'",) or delimiter in text:
        return b"y"
    return text


def identifier(rng, number):
    text = b"id%d" % number
    kind = rng.randrange(20)
    if kind == 0:
        text = rng.choice(IDS)
    elif kind == 1:
        text *= rng.choice([12, 13, 14, 15, 60])    # about 64 and 256 bytes
    return b'"%s"' % text if rng.randrange(4) == 0 else text


def export(rng, broken, delimiter):
    kind = rng.choice([b"thirdPartyId", b"thirdPartyId", b"pcId"])
    names = [kind, b"a", b'"b,c"', b"\xc3\xa4", b"e"]
    if rng.randrange(2):
        rng.shuffle(names)
    header = delimiter.join(names)
    rows = [header]
    # What all rows of some exports have: few that are not good, and a shape.
    good = rng.choice([0, 0, 0.9, 0.99])
    habit = rng.choice([None, None, "surplus", "short", "blank", "spaced"])
    for number in range(rng.choice([3, 40, 300])):
        cells = [cell(rng, broken, delimiter, rng.random() < good)
                 for _ in names]
        if rng.randrange(20):
            cells[names.index(kind)] = identifier(rng, number)
        shape = rng.randrange(30)
        if shape == 0:
            cells = cells[:rng.randrange(1, 5)]
        elif shape == 1:
            cells += [b""] * rng.randrange(3)
        elif shape == 2:
            cells += [b"z"]
        elif shape > 4 and habit == "surplus":
            cells += [b""] * 3
        elif shape > 4 and habit == "short":
            cells.pop()
        elif shape > 4 and habit == "spaced":
            cells = [rng.choice([b"", b" ", b"\t "]) + text +
                     rng.choice([b"", b" ", b" \t"]) for text in cells]
        rows.append(delimiter.join(cells))
        if shape > 4 and habit == "blank":
            rows.append(b"")
        if rng.randrange(50) == 0:
            rows.append(rng.choice([b"", header, b" "]))
    ending = rng.choice([b"\n", b"\r\n"])
    return ending.join(rows) + rng.choice([ending, b""])


OPTIONS = {
    "tp-split": (["--trim"], ["--null", "NULL"], ["--empty-as", "-+"],
                 ["--raw-utf8"], ["--max-rows", "7"], ["--max-bytes", "900"],
                 ["--max-record", "150"], ["--drop", "e"],
                 ["--separators", "reject", "--drop", '"b,c"'],
                 ["--separators", "replace=; ", "--params", "e,a:x"],
                 ["--separators", "replace=;"], ["--separators", "replace=-"]),
    "tp-validate": (["--trim"], ["--null", "NULL"], ["--null", '"'],
                    ["--max-record", "150"], ["--max-record", "300"],
                    ["--strict"], ["--keep-empty"], ["--only-ids", "list"],
                    ["--except-ids", "list"]),
}
FILES = {"tp-split": ["rejects", "errors", "summary", "manifest"],
         "tp-validate": ["rejects", "errors", "summary"]}


def options(rng, program, delimiter):
    chosen = ["-q", "--delimiter", delimiter.decode()]
    if rng.randrange(3) == 0:
        return chosen
    for option in OPTIONS[program]:
        if rng.randrange(5) == 0:
            chosen += option
    return chosen


def run(kernel, program, arguments):
    names = FILES[os.path.basename(program)]
    for name in names:
        if os.path.exists(name):
            os.remove(name)
    files = [word for name in names for word in ("--" + name, name)]
    environment = dict(os.environ)
    if kernel:
        environment["TP_SCAN"] = kernel
    done = subprocess.run([program, *arguments, *files, "in"],
                          env=environment, capture_output=True, check=False)
    seen = [done.returncode, done.stdout, done.stderr]
    for name in names:
        if not os.path.exists(name):
            continue
        with open(name, "rb") as file:
            seen.append(file.read())
        if name == "summary":
            seen[-1] = json.loads(seen[-1])
            seen[-1].pop("seconds")
    return seen


def usable(kernel, program):
    version = subprocess.run([program, "--version"], capture_output=True,
                             env={**os.environ, "TP_SCAN": kernel}, text=True,
                             check=True).stdout
    return "kernel: %s\n" % kernel in version


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    other = sys.argv[4] if len(sys.argv) > 4 else None
    codes = {}
    with open("list", "wb") as file:
        file.write(b"\n".join(
            [b"id%d" % i for i in range(300) if i % 3] +
            [text for text in IDS if not set(text) & set(b"\t\x7f")] + [b""]))
    kernels = [k for k in ("portable", "avx2", "avx512") if usable(k, program)]
    for number in range(rounds):
        rng = random.Random(seed * 1000003 + number)
        delimiter = rng.choice([b",", b",", b";"])
        data = export(rng, number % 2, delimiter)
        with open("in", "wb") as file:
            file.write(data)
        arguments = options(rng, program, delimiter)
        expected = run("libcsv", program, arguments)
        codes[expected[0]] = codes.get(expected[0], 0) + 1
        for kernel in kernels:
            if run(kernel, program, arguments) != expected:
                sys.exit(f"round {number}, seed {seed}, kernel {kernel}: "
                         f"{program} {' '.join(arguments)} in differs")
        if other and run(None, other, arguments) != expected:
            sys.exit(f"round {number}, seed {seed}, {other}: "
                     f"{program} {' '.join(arguments)} in differs")
    print(codes)


main()
