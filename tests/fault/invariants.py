"""What must hold after any kills: see violations().

Works on records alone, so that it can be tested with made-up ones.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes


@dataclass
class Acceptance:
    """One body that the service took."""
    body: bytes
    answered: bool = True       # False: the oracle lost the answer on purpose
    # Before the run that sent it, the journal held an attempt of it, or of
    # what it is a half of, with the result unknown, or without a result and
    # with a refusal behind it; and none accepted.
    doubted: bool = False
    # The same, with the result unknown or without one, whatever came behind.
    again: bool = False

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()


@dataclass
class Record:
    """All that is known of one input, once its runs have ended."""
    header: tuple               # names; the identifier is the first
    rows: list                  # the input: tuples of text, in order
    rejected: list = field(default_factory=list)    # tuples
    failed: list = field(default_factory=list)      # bodies, in order
    unknown: list = field(default_factory=list)     # tuples, by the last run
    accepted: list = field(default_factory=list)    # Acceptances, in order
    # By the sha256 of a body: attempts that the journal left without a result;
    # and all that may have brought it, which are these, and those with the
    # result accepted or unknown.
    left_open: Counter = field(default_factory=Counter)
    tries: Counter = field(default_factory=Counter)
    jobs: int = 1


class Malformed(ValueError):
    pass


def named_left(err):
    """The batches that stderr of tp-send names as neither accepted nor kept."""
    named = {int(number) for number in re.findall(
        r"batch (\d+) is neither accepted nor kept", err)}
    for names in re.findall(
            r"neither accepted nor kept: batch(?:es)? ([0-9, to]+)", err):
        for name in names.split(", "):
            first, last = (name.split(" to ") * 2)[:2]
            named.update(range(int(first), int(last) + 1))
    return named


def parse_body(header, body):
    """The rows of a batch, as tuples in the input's shape."""
    if not body.startswith(b"batch=") or not body.endswith(b"\n"):
        raise Malformed("a body that is no batch, or not whole")
    lines = body[len(b"batch="):-1].split(b"\n")
    rows = []
    for number, line in enumerate(lines):
        cells = [unquote_to_bytes(cell).decode() for cell in line.split(b",")]
        if number == 0:
            names = cells
            if sorted(names) != sorted(header):
                raise Malformed("a batch with the header %s" % names)
            continue
        if len(cells) > len(names):
            raise Malformed("a row longer than its header")
        cells += [""] * (len(names) - len(cells))
        values = dict(zip(names, cells))
        rows.append(tuple(values[name] for name in header))
    return rows


def parse_bodies(stream):
    """The bodies of a batch stream; a cell never holds a raw "="."""
    bodies = []
    for line in stream.splitlines(keepends=True):
        if line.startswith(b"batch=") or not bodies:
            bodies.append(b"")
        bodies[-1] += line
    return bodies


def parse_csv(data):
    """All records but the first, as tuples."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    return [tuple(record) for record in reader][1:]


def out_of_order(record, bodies):
    """Yield a violation for each row that was taken behind a later one of its
    id.  Only what was in doubt comes so late: the run had gone on from it.
    What is sent again at once begins anew, of course."""
    place = {row: number for number, row in enumerate(record.rows)}
    latest = {}                 # id: row, the body that had it
    for acceptance, rows in zip(record.accepted, bodies):
        own = {}
        for row in rows:
            held, body = latest.get(row[0], (row, None))
            if acceptance.doubted or body == acceptance.sha256:
                held = row
            for before in (held, own.get(row[0], row)):
                if place.get(before, 0) > place.get(row, 0):
                    yield "order", "%s was taken, then %s" % (before, row)
            own[row[0]] = row
        for identifier, row in own.items():
            held = latest.get(identifier, (row, None))[0]
            if place.get(row, 0) >= place.get(held, 0):
                latest[identifier] = row, acceptance.sha256


def duplicates(record):
    """Yield a violation for each body that was taken too often."""
    lost = Counter(a.sha256 for a in record.accepted if not a.answered)
    for sha256, count in Counter(a.sha256 for a in record.accepted).items():
        allowed = min(1 + lost[sha256] + record.left_open[sha256],
                      record.tries[sha256])
        if count > allowed:
            yield ("duplicate", "body %s taken %d times, %d allowed"
                   % (sha256[:12], count, allowed))


def violations(record):
    """A list of (kind, text); empty if all is well.

    As multisets of rows, the input is what was accepted, rejected, put into
    the failed file, or is unknown: none is missing, none is new, none is in two
    of these, but that what is unknown may have been accepted.  A body is taken
    a second time only if the journal had left an attempt of it open, or its
    answer was lost, and is in the journal as unknown; what was in doubt may be
    taken once more in other parts.  With one job, the rows of an id are taken
    in their order, but for a body that was in doubt: tp-send goes on from it,
    and the next run sends it again.
    """
    found = []
    try:
        bodies = [parse_body(record.header, a.body) for a in record.accepted]
        # A body that is the same again is the same rows, not more of them.
        once = {}
        taken = Counter()
        for acceptance, rows in zip(record.accepted, bodies):
            if acceptance.sha256 in once:
                continue
            if acceptance.again:
                rows = list((Counter(rows) - taken).elements())
            once[acceptance.sha256] = rows
            taken.update(rows)
        failed = [parse_body(record.header, body) for body in record.failed]
    except (Malformed, UnicodeDecodeError) as e:
        return [("malformed", str(e))]
    places = {"accepted": Counter(r for rows in once.values() for r in rows),
              "rejected": Counter(record.rejected),
              "failed": Counter(r for rows in failed for r in rows)}
    source = Counter(record.rows)
    places["unknown"] = Counter(record.unknown) - places["accepted"]
    total = sum(places.values(), Counter())
    for row in sorted(source.keys() | total.keys()):
        where = ", ".join("%s %d" % (name, rows[row])
                          for name, rows in places.items() if rows[row])
        if row not in source:
            found.append(("invented", "%s: %s" % (row, where)))
        elif total[row] < source[row]:
            found.append(("lost", "%s: %s" % (row, where or "nowhere")))
        elif total[row] > source[row]:
            found.append(("twice", "%s: %s" % (row, where)))
    found += duplicates(record)
    if record.jobs == 1:
        found += out_of_order(record, bodies)
    return found
