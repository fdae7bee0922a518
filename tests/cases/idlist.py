#!/usr/bin/env python3
"""idlist.py TIMES SEED: --only-ids and --except-ids against a reference.

Exports and lists are generated in many forms.  With lists the output must be
what it is without, but for the records that the lists leave out; and what is
rejected must be the same.
"""

import csv
import gzip
import hashlib
import io
import json
import random
import re
import subprocess
import sys

RECORD = re.compile(rb'(?:[^"\n]|"[^"]*")*\n')
ODD = ["a", "A", "ab", "a b", "é", "a,b", 'a"b', "c;d", "it's", "#a", "'", "=1"]


def write(rows, delimiter, quote, ending, quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quotechar=quote, quoting=quoting,
               lineterminator=ending).writerows(rows)
    return text.getvalue()


class Case:
    def __init__(self, rng):
        self.rng = rng
        self.delimiter, self.quote = rng.choice([",", ",", ";"]), rng.choice("\"\"'")
        self.trim = rng.random() < 0.2
        self.name = rng.choice(["thirdPartyId", "mbox3rdPartyId", "crm", "c,r"])
        self.place = rng.randrange(3)
        self.options = ["-q"]
        if self.delimiter != ",":
            self.options += ["--delimiter", self.delimiter]
        if self.quote != '"':
            self.options += ["--quote", self.quote]
        if self.trim:
            self.options.append("--trim")
        if rng.random() < 0.3:
            self.options += ["--null", "NULL"]
        if "Id" not in self.name:
            self.options += ["--id", self.name]
        self.ids = ODD + ["id%d" % n for n in range(rng.choice([5, 200]))] + \
            ["id-" + "7" * n for n in range(60, 70)]

    def quoting(self):
        return self.rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])

    def cell(self):
        return self.rng.choice(["x", "gold", "NULL", "12", "s,c", "two\nlines", "é"])

    def export(self):
        rng, rows = self.rng, []
        for _ in range(rng.choice([0, 3, 100, 2000])):
            row = [self.cell(), self.cell()]
            kind = rng.randrange(60)
            identifier = rng.choice(self.ids)
            if kind == 0:
                identifier = rng.choice(["", "a+b", " x", "id\t1"])
            elif kind == 1:
                row = ["", ""]
            elif kind == 2:
                row += ["surplus"]
            elif kind == 3 and self.trim:
                identifier += " "
            row.insert(self.place, identifier)
            rows.append(row)
        header = ["a", "b"]
        header.insert(self.place, self.name)
        return write([header] + rows, self.delimiter, self.quote,
                     rng.choice(["\n", "\r\n"]), self.quoting()).encode()

    def listed(self):
        """The identifiers of a list, and the file."""
        rng = self.rng
        ids = rng.sample(self.ids, rng.randrange(len(self.ids)))
        ids += ["no" + name for name in ids[:rng.randrange(5)]]
        ending = rng.choice(["\n", "\r\n"])
        kind = rng.randrange(3)
        if kind == 0:
            text = "".join(name + ending + rng.choice(["", "", ending])
                           for name in ids)
        else:
            name = "thirdPartyId"
            delimiter, quote = ",", '"'
            # With other quotes a plain one may be refused.
            if kind == 1 or self.quote != quote:
                name, delimiter, quote = self.name, self.delimiter, self.quote
            if self.trim:
                ids = [name.strip() for name in ids]
            rows = [[name, "state"]] + [[name, "accepted"] for name in ids + [""]]
            if rng.random() < 0.5:
                rows = [row[::-1] for row in rows]
            text = write(rows, delimiter, quote, ending, self.quoting())
        data = text.encode()
        if rng.random() < 0.3:
            data = data[:-len(ending)] if ids or kind else data
        elif rng.random() < 0.3:
            data += b"#tp-seal rows=1 bytes=%d sha256=%s\n" % (
                len(data), hashlib.sha256(data).hexdigest().encode())
        if rng.random() < 0.3:
            data = b"\xef\xbb\xbf" + data
        return set(ids), gzip.compress(data) if rng.random() < 0.3 else data


def run(options):
    done = subprocess.run(
        ["tp-validate", *options, "--rejects", "bad", "--summary", "sum", "in"],
        capture_output=True, check=False)
    with open("bad", "rb") as bad, open("sum", encoding="utf-8") as summary:
        return done, bad.read(), json.load(summary)


def identifier(record, place):
    text = record.decode()
    return next(csv.reader(io.StringIO(text, newline="")))[place]


def main():
    times, seed = int(sys.argv[1]), int(sys.argv[2])
    left_out = kept_in_all = 0
    for number in range(times):
        case = Case(random.Random(seed * 1000003 + number))
        with open("in", "wb") as file:
            file.write(case.export())
        plain, bad, counts = run(case.options)
        header, *records = RECORD.findall(plain.stdout)
        options, lists = list(case.options), {"only": [], "except": []}
        for kind in case.rng.choice([["only"], ["except"], ["only", "except"],
                                     ["except", "except"]]):
            ids, data = case.listed()
            name = "%s-%d" % (kind, len(lists[kind]))
            with open(name, "wb") as file:
                file.write(data)
            lists[kind].append(ids)
            options += ["--%s-ids" % kind, name]
        kept = [record for record in records
                for name in [identifier(record, case.place)]
                if (not lists["only"] or any(name in ids for ids in lists["only"]))
                and not any(name in ids for ids in lists["except"])]
        done, still_bad, after = run(options)
        what = "round %d, seed %d: tp-validate %s in" % (
            number, seed, " ".join(options))
        if done.returncode != plain.returncode:
            sys.exit("%s: %s" % (what, done.stderr.decode()))
        if done.stdout != header + b"".join(kept) or still_bad != bad:
            sys.exit(what + " differs")
        dropped = len(records) - len(kept)
        wanted = (counts["in"], counts["rejected"], counts["skipped"] + dropped,
                  dropped, len(kept), counts["byRule"], counts["warnings"])
        if wanted != tuple(after[key] for key in (
                "in", "rejected", "skipped", "leftOut", "out", "byRule",
                "warnings")):
            sys.exit("%s: counts: %s" % (what, after))
        left_out += dropped
        kept_in_all += len(kept)
    # Else the test would show nothing.
    if min(left_out, kept_in_all) < times:
        sys.exit("%d left out, %d kept" % (left_out, kept_in_all))


main()
