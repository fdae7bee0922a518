#!/usr/bin/env python3
"""The script that a user would write: the benchmark's yardstick.

CSV with a header on stdin, bodies of the Bulk Profile Update API on stdout.
"""

import csv
import io
import sys
from urllib.parse import quote

MAX_BYTES = 49999999
MAX_ROWS = 500000


def main():
    reader = csv.reader(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig",
                                         newline=""))
    out = sys.stdout
    header = next(reader)
    first = "batch=" + ",".join(quote(name, safe="") for name in header) + "\n"
    rows = size = 0
    for record in reader:
        identifier = record[0]
        if (len(record) != len(header) or not identifier
                or "+" in identifier or "/" in identifier
                or len(identifier) > 256):
            print("bad row at line %d" % reader.line_num, file=sys.stderr)
            continue
        line = ",".join(quote(value, safe="") for value in record) + "\n"
        if not rows or rows == MAX_ROWS or size + len(line) > MAX_BYTES:
            out.write(first)
            rows, size = 0, len(first)
        out.write(line)
        rows += 1
        size += len(line)


if __name__ == "__main__":
    main()
