#!/usr/bin/env python3
"""diff.py TIMES SEED [ROWS]: tp-diff against a reference, byte for byte.

An export and a base of about ROWS records are generated, which have some of
their identifiers and columns in common; --memory 1M must give the same.
"""

import gzip
import hashlib
import json
import random
import subprocess
import sys
import zlib

VALUES = ["", "", "x", "y", "NULL", 'q"q', "c,c", "l\nl", " s ", "é", "#h", "gold", "-"]
COLUMNS = ["a", "b", "c", "d d", "e,e"]


def put(text, rng=None):
    if text == "" and not (rng and rng.random() < 0.1):
        return ""
    if text == "" or text[0] in " #" or text[-1] == " " or \
            any(c in text for c in '",\n') or rng and rng.random() < 0.2:
        return '"' + text.replace('"', '""') + '"'
    return text


def seal(text, rows, delta=None):
    data = text.encode()
    line = f"#tp-seal rows={rows} bytes={len(data)} " \
           f"sha256={hashlib.sha256(data).hexdigest()}"
    if delta is not None:
        line += f" delta={hashlib.sha256(delta.encode()).hexdigest()}"
    return text + line + "\n"


class Table:
    """Columns, the identifier among them, and records by identifier."""

    def __init__(self, rng, columns, at, records, ending):
        self.columns = list(columns)
        self.id = at
        self.columns.insert(at, "thirdPartyId")
        self.header = [put(c) for c in self.columns]
        self.ending = ending
        self.records = []
        for key, values in records:
            cells = [key if c == "thirdPartyId" else values.get(c, "")
                     for c in self.columns]
            if rng.random() < 0.1:
                least = max((i for i, c in enumerate(cells) if c), default=0)
                cells = cells[:max(at, least) + 1]
            raw = ",".join(put(c, rng) for c in cells)
            self.records.append((key, cells, raw, rng.choice(["\n", "\n", "\r\n"])))

    def text(self):
        return (",".join(self.header) + self.ending +
                "".join(raw + end for _, _, raw, end in self.records))

    def values(self, cells):
        return dict(zip(self.columns, cells))


def refreshed(key, refresh):
    if refresh is None:
        return False
    first, last, parts = refresh
    part = zlib.crc32(key.encode()) % parts + 1
    return first <= part <= last if first <= last else part >= first or part <= last


def row(names, values, ending):
    return ",".join(put(values.get(n, "")) for n in names) + ending


def diff(new, old, o):
    """(delta, rows, next, rows, removed, counts)"""
    if o["params"] is not None:
        sent = list(o["params"])
    else:
        sent = [(c, c) for c in new.columns
                if c != "thirdPartyId" and c not in (o["drop"] or [])]
    names = ["thirdPartyId"] + [name for _, name in sent]
    old_columns = old.columns if old else []
    extra = [c for c in old_columns if c not in names]
    next_names = names + extra
    straight = ["thirdPartyId"] + [c for c, _ in sent] == new.columns
    base = {key: (old.values(cells), raw + end, end)
            for key, cells, raw, end in old.records} if old else {}
    delta, following = [], []
    count = dict.fromkeys(["new", "changed", "cleared", "refreshed", "unchanged",
                           "empty"], 0)
    changes = {}
    for key, cells, raw, end in new.records:
        own = {c: "" if v in o["nulls"] else v for c, v in new.values(cells).items()}
        has = key in base
        held = base[key][0] if has else {}
        values, filled, differs, cleared = {"thirdPartyId": key}, False, set(), False
        for c, name in sent:
            v, b = own.get(c, ""), held.get(name, "")
            if v == "" and o["empty_as"] is not None:
                v, filled = o["empty_as"], True
            elif v == "" and o["cleared_as"] is not None and (not has or b != ""):
                v, filled = o["cleared_as"], True
                cleared = cleared or has and b != v
            values[name] = v
            if has and v != "" and v != b:
                differs.add(name)
        sets = any(values[name] for _, name in sent)
        if not has:
            send = sets
            count["new" if sets else "empty"] += 1
        elif differs:
            send = True
            count["changed"] += 1
            count["cleared"] += cleared
            for name in differs:
                changes[name] = changes.get(name, 0) + 1
        else:
            send = sets and refreshed(key, o["refresh"])
            count["refreshed" if send else "unchanged"] += 1
        if send:
            plain = straight and not filled and not any(c in o["nulls"] for c in cells)
            text = raw + end if plain else row(names, values, end)
            delta.append(text)
            following.append(text if not extra else row(next_names, values, end))
        elif has:
            values, text, end = base[key]
            following.append(text if old_columns == next_names
                             else row(next_names, values, end))
    keys = {r[0] for r in new.records}
    gone = [raw + end for key, _, raw, end in old.records
            if key not in keys] if old else []
    count["removed"], count["values"] = len(gone), changes
    head = ",".join(put(n) for n in names) + new.ending
    next_head = ",".join(put(n) for n in next_names) + new.ending
    gone_head = ",".join(old.header) + old.ending if old else next_head
    return (seal(head + "".join(delta), len(delta)),
            seal(next_head + "".join(following), len(following),
                 head + "".join(delta)),
            gone_head + "".join(gone), count)


def write(path, text, compressed=False):
    data = text.encode()
    with (gzip.open if compressed else open)(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    return (gzip.decompress(data) if path.endswith(".gz") else data).decode()


def generate(rng, about):
    n = rng.randint(0, about)
    ids = [f"i{k}" for k in range(n)] + ["A", "a", "aa", "a,a", "ä", "i1 ", ' "']
    long = "and some text that makes it longer " * 3 if about > 1000 else ""
    columns = rng.sample(COLUMNS, rng.randint(1, len(COLUMNS)))
    rows = {}
    for key in ids:
        rows[key] = {c: rng.choice(VALUES) + (long if rng.random() < .3 else "")
                     for c in COLUMNS}
    order = list(ids)
    if rng.random() < 0.4:
        rng.shuffle(order)
    old_order = [k for k in order if rng.random() < 0.9]
    new_order = [k for k in order if rng.random() < 0.9]
    how = rng.random()
    if how < 0.2:
        rng.shuffle(new_order)
    elif how < 0.4 and new_order:
        cut = rng.randrange(len(new_order))
        new_order = new_order[cut:] + new_order[:cut]
    new_rows = {}
    for key in new_order:
        new_rows[key] = dict(rows[key])
        if rng.random() < 0.3:
            new_rows[key][rng.choice(COLUMNS)] = rng.choice(VALUES)
        if rng.random() < 0.05:
            new_rows[key] = {}
    new_columns = list(columns)
    if rng.random() < 0.3:
        new_columns = rng.sample(COLUMNS, rng.randint(0, len(COLUMNS)))
    ending = rng.choice(["\n", "\r\n"])
    new = Table(rng, new_columns, rng.choice([0, 0, len(new_columns)]),
                [(k, new_rows[k]) for k in new_order], ending)
    old = Table(rng, columns, rng.choice([0, 0, len(columns)]),
                [(k, rows[k]) for k in old_order], rng.choice(["\n", "\r\n"]))
    return new, old if rng.random() < 0.9 else None


def check(rng, about):
    new, old = generate(rng, about)
    o = {"params": None, "drop": None, "nulls": rng.choice([[], ["NULL"], ["NULL", "x"]]),
         "empty_as": None, "cleared_as": None, "refresh": None}
    arguments = ["tp-diff", "-q", "--summary", "sum", "--removed", "gone"]
    others = [c for c in new.columns if c != "thirdPartyId" and "," not in c]
    if others and rng.random() < 0.2:
        chosen = rng.sample(others, rng.randint(1, len(others)))
        o["params"] = [(c, rng.choice([c, "z" + c])) for c in chosen]
        arguments += ["--params", ",".join(f"{c}:{n}" for c, n in o["params"])]
    elif others and rng.random() < 0.2:
        o["drop"] = rng.sample(others, rng.randint(1, len(others)))
        arguments += ["--drop", ",".join(o["drop"])]
    if rng.random() < 0.3:
        o["cleared_as"] = rng.choice(["-", "gone"])
        arguments += ["--cleared-as", o["cleared_as"]]
    elif rng.random() < 0.1:
        o["empty_as"] = "none"
        arguments += ["--empty-as", "none"]
    if rng.random() < 0.4:
        parts = rng.choice([1, 3, 10])
        first, last = rng.randint(1, parts), rng.randint(1, parts)
        o["refresh"] = (first, last, parts)
        arguments += ["--refresh", f"{first}/{parts}" if first == last
                      else f"{first}-{last}/{parts}"]
    for null in o["nulls"]:
        arguments += ["--null", null]
    write("new", new.text())
    following, base = rng.choice(["next", "next.gz"]), rng.choice(["base", "base.gz"])
    if old:
        write(base, seal(old.text(), len(old.records)), base.endswith("gz"))
        arguments += ["--base", base]
    else:
        arguments += ["--base", "missing", "--base-optional"]
    wanted = diff(new, old, o)
    for memory in ["1M", "64M"]:
        command = arguments + ["--next", following, "--memory", memory, "new"]
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"{command}: exit {done.returncode}: {done.stderr.decode()}")
        got = done.stdout.decode(), read(following), read("gone")
        for name, text, mine in zip(["delta", "next", "removed"], got, wanted):
            if text != mine:
                write("wanted", mine)
                write("got", text)
                sys.exit(f"{command}: {name}: compare wanted and got")
        with open("sum", encoding="utf8") as file:
            told = json.load(file)
        if any(told[name] != value for name, value in wanted[3].items()):
            sys.exit(f"{command}: {told}, wanted {wanted[3]}")
    return wanted


def main():
    times, seed = int(sys.argv[1]), int(sys.argv[2])
    about = int(sys.argv[3]) if len(sys.argv) > 3 else 12
    for i in range(times):
        check(random.Random(seed * 1000003 + i), about)
    print(f"{times} times")


main()
