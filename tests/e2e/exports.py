#!/usr/bin/env python3
"""Customers whose values trouble CSV, forms and encodings; for exports.bats.

exports.py json              the customers, as JSON, for other programs
exports.py database FILE     the same, in a new SQLite database
exports.py csv [DIALECT]     the same, written by Python's csv module
exports.py compare FILE [plain]
                             the profiles in a sandbox's database must be
                             exactly the customers (plain: those without a comma
                             or line break): says what differs
"""

import csv
import json
import sqlite3
import sys

NAMES = ["thirdPartyId", "name", "offer", "note", "tags", "last"]

# Every cell of TEXTS stands once in each column, and next to other ones.
TEXTS = [
    "plain", "", "50% off & more", "100%25", "%", "%zz", "a=b&c=d", "&", "=",
    "+", "1 + 1", "%2B+%26", ",", "a,b", ",,,", '"', '""', 'say "no"', '"a"',
    '",', ',"', "'", "two\nlines", "two\r\nlines", "\n", "\r\n", "ends\n",
    "\nstarts", "\n\n", "a,\"b\"\nc", " leading", "trailing ", " ", "tab\tin",
    "\t", "ö é ñ ß", "Ελληνικά", "Кириллица", "中文", "العربية", "हिन्दी",
    "🎁", "👩‍👩‍👧", "e\u0301", "\u00e9", "\u200f\u202e", "\u00a0", "\ufeff",
    "\u2028", "\U0010fffd", "~!*()'-._", "back\\slash\\n", "\\N", "NULL",
    "null", "NaN", "0", "-0", "007", "1e5", "0x1F", "1.50", "12,345.00",
    "#comment", "#tp-seal rows=1", "batch=thirdPartyId,a", ";", "|", "<b>",
    "{\"a\": 1}", "$HOME `id` $(id)", "x" * 300, "ß" * 300,
]
IDS = ["a1", "A1", "a b", "a,b", 'a"b', "a=b", "a&b", "a%b", "a%2Bb", "ö",
       "Ελένη", "中文", "🎁", "#a", "batch=a", "0", "007", "1e5", "-", "a;b",
       "x" * 256, "ß" * 256]


def customers():
    """One for each text; the same text is never in two columns of one."""
    made = []
    for i in range(len(TEXTS)):
        identifier = IDS[i] if i < len(IDS) else "id-%d" % i
        values = [TEXTS[(i + 7 * column) % len(TEXTS)]
                  for column in range(len(NAMES) - 1)]
        made.append(dict(zip(NAMES, [identifier] + values)))
    return made


def write_database(path):
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE customer (%s)"
                 % ", ".join("%s TEXT" % name for name in NAMES))
    base.executemany("INSERT INTO customer VALUES (%s)"
                     % ", ".join("?" * len(NAMES)),
                     [[c[name] for name in NAMES] for c in customers()])
    base.commit()
    base.close()


def write_csv(dialect):
    options = {
        "excel": {},
        "unix": {"lineterminator": "\n", "quoting": csv.QUOTE_ALL},
        "semicolon": {"delimiter": ";", "lineterminator": "\n"},
    }[dialect]
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    writer = csv.DictWriter(sys.stdout, NAMES, **options)
    writer.writeheader()
    writer.writerows(customers())


def compare(path, which="all"):
    expected = {(c["thirdPartyId"], name): value
                for c in customers() for name, value in c.items()
                if name != "thirdPartyId" and value
                and not (which == "plain"
                         and any(set(v) & set(",\r\n") for v in c.values()))}
    base = sqlite3.connect(path)
    held = {(identifier, name): value for identifier, name, value in
            base.execute("SELECT id, name, value FROM profiles"
                         " WHERE id NOT LIKE 'tp-probe-%'")}
    base.close()
    wrong = [key for key in sorted(expected.keys() | held.keys())
             if expected.get(key) != held.get(key)]
    for key in wrong:
        print("%r: expected %r, held %r"
              % (key, expected.get(key), held.get(key)))
    print("%d values, %d wrong" % (len(expected), len(wrong)))
    return 1 if wrong else 0


def main():
    task, arguments = sys.argv[1], sys.argv[2:]
    if task == "json":
        json.dump(customers(), sys.stdout)
    elif task == "database":
        write_database(*arguments)
    elif task == "csv":
        write_csv(*arguments or ["excel"])
    elif task == "compare":
        return compare(*arguments)
    else:
        raise SystemExit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
