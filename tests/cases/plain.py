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
         "p|p", "l\nl", "r\r\nr", "\ttab", "#tp-seal", "#tp-seal rows=1", "#",
         "NULL", "\\N", "é", "=1", "a" * 40, "'", "n/a"]
IDS = ["1", "a.b", "#tp-seal rows=1", "#tp-", "it's", 'a"b', "a,b", "c;d", "NULLs",
       "é"]
BOM = "\ufeff"
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

    def write(self, text, null):
        """A cell of the export, and whether that is as plain CSV has it."""
        ends = text != "" and self.trim and (
            text[0] in self.layout or text[-1] in self.layout)
        plain = self.delimiter == "," and self.quote == '"'
        cell = text
        if ends or any(c in text for c in self.delimiter + self.quote + "\r\n") or \
                self.rng.random() < 0.2:
            cell = self.quote + text.replace(self.quote, self.quote * 2) + self.quote
        if self.trim and self.rng.random() < 0.2:
            before, behind = self.rng.choice([(" ", ""), ("", " "), (" ", " ")])
            cell = before + cell + behind.replace(" ", self.layout[-1])
            plain = False
        return cell, plain and not null


def seal_like(line):
    """As io/seal.h has it: as far as it goes, or up to "bytes=", it is a seal."""
    seal = "#tp-seal rows="
    if not line.startswith("#tp-"):
        return False
    if len(line) <= len(seal):
        return seal.startswith(line)
    rest = line[len(seal):].lstrip("0123456789")
    return line.startswith(seal) and (
        rest.startswith(" bytes=") or " bytes=".startswith(rest))


def choose_names(rng, d):
    """The header's names, the identifier's place, and which columns are kept."""
    columns = rng.randint(1, 6)
    names = rng.sample(["a", "b b", "c,c", 'd"d', "#e", "#tp-seal rows=1", "é", "g",
                        "h"], columns)
    at = rng.randrange(columns)
    names[at] = rng.choice(["thirdPartyId", "mbox3rdPartyId", "crm", "pcId"])
    kept = [True] * columns
    others = [i for i in range(columns) if i != at]
    clashing = "pcId" if names[at] == "pcId" else "thirdPartyId"
    if others and rng.random() < 0.4:
        other = 0 if at != 0 and rng.random() < 0.5 else rng.choice(others)
        names[other] = rng.choice([n for n in RESERVED
                                   if n not in (names[at], clashing)])
        kept[other] = False
    if names[at] == "crm" or not all(kept):
        d.options += ["--id", names[at]]
    return names, at, kept


def generate(rng):
    """Options, an export, what tp-validate makes of it, and whether records are
    skipped, if keep_empty is not given."""
    d = Dialect(rng)
    names, at, kept = choose_names(rng, d)
    columns = len(names)
    keep_empty, skipped = rng.random() < 0.5, False
    id_name = "pcId" if names[at] == "pcId" else "thirdPartyId"
    meant = [id_name if i == at else name for i, name in enumerate(names)]
    raw, wanted, head = b"", b"", None
    for number in range(-1, rng.randint(0, 12)):
        ending = rng.choice(["\n", "\n", "\r\n"])
        if number < 0:
            cells, nulls = list(names), []
        else:
            nulls = d.nulls
            cells = [rng.choice(TEXTS) for _ in range(columns)]
            cells[at] = rng.choice(IDS) + rng.choice([str(number), " bytes="])
            if rng.random() < 0.15:
                cells = [rng.choice(RESERVED) if not keep else name
                         for name, keep in zip(meant, kept)]
                if rng.random() < 0.3 and at > 0:
                    cells[0] = BOM + cells[0]
            if rng.random() < 0.2:
                cells = cells[:max(at + 1, rng.randint(1, columns))]
            elif rng.random() < 0.2:
                cells += [rng.choice([""] + nulls) for _ in range(rng.randint(1, 3))]
        written = [d.write(text, text in nulls) for text in cells]
        line = d.delimiter.join(cell for cell, _ in written)
        if number >= 0 and (line in (head, BOM + head) or cells[at] in nulls):
            continue
        if seal_like(line):
            if number < 0:
                return generate(rng)
            continue
        raw += (line + ending).encode()
        shown = [i for i in range(len(cells)) if i >= columns or kept[i]]
        texts = ["" if text in nulls else text for text in cells]
        if not keep_empty and number >= 0 and not any(
                texts[i] for i in shown if i < columns and i != at):
            skipped = True
            continue
        anew = ",".join(put(texts[i]) for i in shown)
        text = anew
        if all(plain for _, plain in written):
            parts = [written[i][0] for i in shown]
            if number < 0:
                if names[at] != id_name:
                    parts[shown.index(at)] = put(id_name)
                if shown[0] > 0:
                    parts[0] = put(meant[shown[0]]) if parts[0][0] == "#" else parts[0]
            text = ",".join(parts)
        elif number < 0:
            text = ",".join(put(meant[i]) for i in shown)
        if number < 0:
            head, first = line, text
        elif text in (first, BOM + first) or seal_like(text):
            text = ",".join('"' + texts[i].replace('"', '""') + '"' for i in shown)
            if text == first:
                text = anew
        wanted += (text + ending).encode()
    return d.options, keep_empty, skipped, raw, wanted


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
        options, keep_empty, skipped, raw, wanted = generate(rng)
        validate = ["tp-validate", "-q"] + ["--keep-empty"] * keep_empty
        got = run(validate + options, raw)
        if got != wanted:
            sys.exit(f"{i}: {options}\nof     {raw!r}\nwanted {wanted!r}\ngot    {got!r}")
        if run(validate, got) != got:
            sys.exit(f"{i}: {options}: not passed as it is: {got!r}")
        if not skipped and \
                run(["tp-split", "-q"], got) != run(["tp-split", "-q"] + options, raw):
            sys.exit(f"{i}: {options}: other batches of {got!r} than of {raw!r}")
    print(f"{times} exports")


main()
