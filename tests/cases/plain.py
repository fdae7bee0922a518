#!/usr/bin/env python3
"""plain.py TIMES SEED: tp-validate's output against a reference, byte for byte.

Exports are generated in many dialects.  What comes out must be plain CSV: the
records that are plain already as they are, all others as they were meant.
Then tp-validate must pass that as it is, and tp-split must make the same
batches of it as of the export with the same options.
"""

import random
import subprocess
import sys

TEXTS = ["", "", "x", "a b", " lead", "trail ", 'q"q', '""', "s'q", "c,c", "s;c",
         "p|p", "l\nl", "r\r\nr", "\ttab", "#tp-seal", "#", "NULL", "\\N", "é", "=1",
         "a" * 40, "'", "n/a"]
IDS = ["1", "a.b", "#tp-seal rows=1", "it's", 'a"b', "a,b", "c;d", "NULLs", "é"]
RESERVED = ["pcId", "thirdPartyId", "mbox3rdPartyId"]


def put(text):
    """As RFC 4180 wants it, quoted where needed."""
    if text != "" and (text[0] in " \t#" or text[-1] in " \t" or
                       any(c in text for c in '",\r\n')):
        return '"' + text.replace('"', '""') + '"'
    return text


class Dialect:
    def __init__(self, rng):
        self.rng = rng
        self.delimiter = rng.choice(",,;\t|")
        self.quote = rng.choice('"""\'')
        self.trim = rng.random() < 0.4
        self.nulls = rng.sample(["NULL", "\\N", "n/a", "x"], rng.choice([0, 0, 1, 2]))
        self.options = [o for null in self.nulls for o in ("--null", null)]
        if self.delimiter != ",":
            self.options += ["--delimiter", "tab" if self.delimiter == "\t"
                             else self.delimiter]
        if self.quote != '"':
            self.options += ["--quote", self.quote]
        if self.trim:
            self.options.append("--trim")
        self.layout = " " if self.delimiter == "\t" else " \t"

    def write(self, text):
        """A cell of the export, and whether that is as plain CSV has it."""
        ends = text != "" and self.trim and (
            text[0] in self.layout or text[-1] in self.layout)
        plain = self.delimiter == "," and self.quote == '"'
        cell = text
        if ends or text.startswith("#") or any(c in text for c in self.delimiter + self.quote + "\r\n") or \
                self.rng.random() < 0.2:
            cell = self.quote + text.replace(self.quote, self.quote * 2) + self.quote
        if self.trim and self.rng.random() < 0.2:
            before, behind = self.rng.choice([(" ", ""), ("", " "), (" ", " ")])
            cell = before + cell + behind.replace(" ", self.layout[-1])
            plain = False
        return cell, plain and text not in self.nulls


def generate(rng):
    d = Dialect(rng)
    columns = rng.randint(1, 6)
    names = rng.sample(["a", "b b", "c,c", 'd"d', "#e", "é", "g", "h"], columns)
    at = rng.randrange(columns)
    names[at] = rng.choice(["thirdPartyId", "mbox3rdPartyId", "crm", "pcId"])
    kept = [True] * columns
    if names[at] == "crm":
        d.options += ["--id", "crm"]
        if columns > 1 and rng.random() < 0.5:
            other = rng.choice([i for i in range(columns) if i != at])
            names[other] = rng.choice(["pcId", "mbox3rdPartyId"])
            kept[other] = False
    id_name = "pcId" if names[at] == "pcId" else "thirdPartyId"
    meant = [id_name if i == at else name for i, name in enumerate(names)]
    raw, wanted, head = b"", b"", None
    for number in range(-1, rng.randint(0, 12)):
        ending = rng.choice(["\n", "\n", "\r\n"])
        if number < 0:
            cells = list(names)
            nulls, d.nulls = d.nulls, []
        else:
            cells = [rng.choice(TEXTS) for _ in range(columns)]
            cells[at] = rng.choice(IDS) + str(number)
            if rng.random() < 0.1:
                cells = [rng.choice(RESERVED) if not keep else name
                         for name, keep in zip(meant, kept)]
            if rng.random() < 0.2:
                cells = cells[:max(at + 1, rng.randint(1, columns))]
            elif rng.random() < 0.2:
                cells += [""] * rng.randint(1, 3)
        # The identifier is no NULL, and a pcId takes anything here.
        written = [d.write(text) for text in cells]
        line = d.delimiter.join(cell for cell, _ in written)
        if number >= 0 and (line == head or cells[at] in d.nulls):
            continue
        plain = all(p for _, p in written)
        if number < 0:
            head, d.nulls = line, nulls
            if plain:
                out = [put(id_name) if i == at and names[at] != id_name else cell
                       for i, (cell, _) in enumerate(written)]
            else:
                out = [put(name) for name in meant]
        elif plain:
            out = [cell for cell, _ in written]
        else:
            out = [put("" if text in d.nulls else text) for text in cells]
        out = [cell for i, cell in enumerate(out) if i >= columns or kept[i]]
        text = ",".join(out)
        if number < 0:
            first = text
        elif text == first and not (plain and all(kept)):
            text = ",".join('"' + ("" if c in d.nulls else c).replace('"', '""') + '"'
                            for i, c in enumerate(cells) if i >= columns or kept[i])
        elif text == first:
            continue
        raw += (line + ending).encode()
        wanted += (text + ending).encode()
    return d.options, raw, wanted


def run(arguments, data, wanted=(0,)):
    done = subprocess.run(arguments, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode not in wanted:
        sys.exit(f"{arguments}: exit {done.returncode}: {done.stderr}: {data!r}")
    return done.stdout


def main():
    times, seed = int(sys.argv[1]), int(sys.argv[2])
    for i in range(times):
        rng = random.Random(seed * 1000003 + i)
        options, raw, wanted = generate(rng)
        validate = ["tp-validate", "-q", "--keep-empty"]
        got = run(validate + options, raw)
        if got != wanted:
            sys.exit(f"{i}: {options}\nof     {raw!r}\nwanted {wanted!r}\ngot    {got!r}")
        if run(validate, got) != got:
            sys.exit(f"{i}: {options}: not passed as it is: {got!r}")
        if run(["tp-split", "-q"], got) != run(["tp-split", "-q"] + options, raw):
            sys.exit(f"{i}: {options}: other batches of {got!r} than of {raw!r}")
    print(f"{times} exports")


main()
