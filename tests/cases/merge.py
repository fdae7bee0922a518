#!/usr/bin/env python3
"""merge.py TIMES SEED [ROWS]: tp-merge against a reference, byte for byte.

Files of about ROWS records are generated, with columns of their own, and merged
by a policy.  With --memory 1M the same must come out: ROWS of 20,000 and more do
not fit in that.
"""

import json
import random
import subprocess
import sys

VALUES = ["", "", "x", "y", "NULL", 'q"q', "c,c", "l\nl", " s ", "é", "#h", "gold"]
COLUMNS = ["a", "b", "c", "d d", "e,e"]
LARGE = "some text that only makes rows longer, " * 2


def put(text, rng=None):
    if text == "" and not (rng and rng.random() < 0.1):
        return ""
    if text == "" or text[0] in " #" or text[-1] == " " or \
            any(c in text for c in '",\n') or rng and rng.random() < 0.2:
        return '"' + text.replace('"', '""') + '"'
    return text


class File:
    """Its columns, its records as lists of cells, and as they are written."""

    def __init__(self, rng, columns, id_name, ids, rows, long):
        self.columns = list(columns)
        self.id = rng.randrange(len(columns) + 1)
        self.columns.insert(self.id, "thirdPartyId")
        self.written = [put(id_name if c == "thirdPartyId" else c)
                        for c in self.columns]
        self.ending = rng.choice(["\n", "\r\n"])
        self.records = []
        for _ in range(rows):
            cells = [rng.choice(VALUES) + (LARGE if long and rng.random() < .3 else "")
                     for _ in self.columns]
            cells[self.id] = rng.choice(ids)
            if rng.random() < 0.1:
                cells = cells[:max(self.id + 1, rng.randint(1, len(cells)))]
            raw = ",".join(put(c, rng) for c in cells)
            self.records.append((cells, raw, rng.choice(["\n", "\n", "\r\n"])))

    def text(self):
        return (",".join(self.written) + self.ending +
                "".join(raw + end for _, raw, end in self.records))


def merge(files, policy, nulls):
    """(output, rows that are rejected, conflicts)"""
    union = []
    for f in files:
        union += [c for c in f.columns if c not in union]
    same = all(f.written == files[0].written for f in files)
    header = ",".join(files[0].written).replace("crm", "thirdPartyId").replace(
        "mbox3rdPartyId", "thirdPartyId") if same else ",".join(put(c) for c in union)
    groups = {}
    for f in files:
        for record in f.records:
            groups.setdefault(record[0][f.id], []).append((f, record))
    out, rejected, conflicts = [header + files[0].ending], [], {}
    for rows in groups.values():
        values, first, clash = {}, {}, set()
        for f, (cells, _, _) in rows:
            for name, cell in zip(f.columns, cells):
                if cell == "" or cell in nulls:
                    continue
                previous = (first if policy == "first" else values).get(name)
                if previous is not None and previous != cell:
                    clash.add(name)
                first.setdefault(name, cell)
                values[name] = cell
        if policy == "reject" and len(rows) > 1:
            rejected += [record for _, record in rows]
            continue
        for name in clash:
            conflicts[name] = conflicts.get(name, 0) + 1
        f, (cells, raw, ending) = rows[-1]
        if len(rows) == 1 or policy == "last-row":
            if f.columns == union and not any(c in nulls for c in cells):
                out.append(raw + ending)
                continue
            values = {name: cell for name, cell in zip(f.columns, cells)
                      if cell not in nulls}
        elif policy == "first":
            values = first
        if len(rows) > 1 and policy != "last-row":
            ending = rows[0][1][2]
        out.append(",".join(put(values.get(name, "")) for name in union) + ending)
    return "".join(out), rejected, conflicts


def run(arguments):
    done = subprocess.run(arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(rng, about):
    rows = rng.randint(0, about)
    ids = [f"i{n}" for n in range(rng.choice([3, rows // 10 + 1, rows * 10 + 1]))]
    ids += ["A", "a", "aa", "a,a", "ä", "i1 ", ' "']
    rng.shuffle(ids)
    known = set(ids)
    id_name = rng.choice(["thirdPartyId", "mbox3rdPartyId", "crm"])
    policy = rng.choice(["last", "last", "first", "last-row", "reject"])
    long = about > 1000
    files = []
    for _ in range(rng.choice([1, 1, 2, 3, 5])):
        columns = rng.sample(COLUMNS, rng.randint(0, len(COLUMNS)))
        if files and (policy == "reject" or rng.random() < 0.3):
            columns = [c for c in files[0].columns if c != "thirdPartyId"]
        f = File(rng, columns, id_name if policy == "reject" or rng.random() < 0.7
                 else "thirdPartyId", ids, rows, long)
        if policy == "reject" and files:
            f.columns, f.written, f.id = \
                files[0].columns, files[0].written, files[0].id
            f.records = [(c, r, e) for c, r, e in f.records
                         if len(c) == len(f.columns) and c[f.id] in known]
        if rng.random() < 0.3:
            f.records.sort(key=lambda r: r[0][f.id])
        files.append(f)
    nulls = rng.choice([[], ["NULL"], ["NULL", "x"]])
    arguments = ["tp-merge", "-q", "--policy", policy, "--id", "crm",
                 "--id", "mbox3rdPartyId", "--summary", "sum"]
    for null in nulls:
        arguments += ["--null", null]
    if policy == "reject":
        arguments += ["--rejects", "bad"]
    for i, f in enumerate(files):
        with open(f"f{i}", "w", encoding="utf8", newline="") as file:
            file.write(f.text())
        arguments.append(f"f{i}")
    wanted, rejected, conflicts = merge(files, policy, nulls)
    for memory in ["1M", "64M"]:
        code, got, said = run(arguments + ["--memory", memory])
        where = f"{arguments} --memory {memory}"
        if code != (1 if rejected else 0) or got != wanted:
            with open("wanted", "w", encoding="utf8", newline="") as file:
                file.write(wanted)
            with open("got", "w", encoding="utf8", newline="") as file:
                file.write(got)
            sys.exit(f"{where}: exit {code} {said}: compare wanted and got")
        with open("sum", encoding="utf8") as file:
            told = json.load(file)
        records = sum(len(f.records) for f in files)
        lines = 1 + records - len(rejected) - told["merged"]
        if told["conflicts"] != conflicts or told["in"] != records or \
                told["rejected"] != len(rejected) or told["ids"] != lines - 1:
            sys.exit(f"{where}: summary {told}, wanted {conflicts} {lines}")
        if policy == "reject":
            with open("bad", encoding="utf8", newline="") as file:
                bad = file.read()
            head = ",".join(files[0].written) + files[0].ending
            lines = [raw + end for _, raw, end in rejected]
            rest = bad[len(head):]
            for line in sorted(lines, key=len, reverse=True) if records < 100 else []:
                if line not in rest:
                    sys.exit(f"{where}: rejects {bad!r}, wanted {lines}")
                rest = rest.replace(line, "", 1)
            if not bad.startswith(head) or len(bad) != len(head + "".join(lines)):
                sys.exit(f"{where}: rejects {bad!r}, wanted {lines}")


def main():
    times, seed = int(sys.argv[1]), int(sys.argv[2])
    about = int(sys.argv[3]) if len(sys.argv) > 3 else 12
    for i in range(times):
        check(random.Random(seed * 1000003 + i), about)
    print(f"{times} times")


main()
