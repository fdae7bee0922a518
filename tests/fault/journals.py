"""Reads a journal strictly, by tp-journal(5) alone."""

import json
from dataclasses import dataclass, field
from typing import Optional

STATES = {"attempt": {"accepted", "refused", "failed", "unknown"},
          "keep": {"refused", "invalid"}}
CLOSES = {"result": "attempt", "kept": "keep"}
SAME = ("batch", "rowsFrom", "rows", "bytes", "sha256")


class Malformed(ValueError):
    pass


@dataclass
class Entry:
    """What a line opened."""
    kind: str                   # attempt, keep
    opened: dict
    closed: Optional[dict] = None

    @property
    def batch(self):
        return self.opened["batch"]

    @property
    def part(self):
        """(batch, its first row, the row behind it); rows count from 1."""
        begin = self.opened.get("rowsFrom", 1)
        return self.batch, begin, begin + self.opened["rows"]

    @property
    def sha256(self):
        return self.opened["sha256"]

    @property
    def state(self):
        """accepted, refused, failed, unknown; of a keep kept; or open."""
        if self.closed is None:
            return "open"
        return self.closed["state"] if self.kind == "attempt" else "kept"


@dataclass
class Journal:
    header: dict = field(default_factory=dict)
    entries: list = field(default_factory=list)

    def attempts(self, sha256):
        return [e for e in self.entries
                if e.kind == "attempt" and e.sha256 == sha256]

    def parts(self, sha256):
        """What of which batch it is, as far as there was an attempt of it."""
        return {e.part for e in self.attempts(sha256)}

    def states(self):
        """For each part, the states of its attempts."""
        states = {}
        for entry in self.entries:
            if entry.kind == "attempt":
                states.setdefault(entry.part, []).append(entry.state)
        return states

    def unanswered(self):
        """The parts that may be there, as no answer came to an attempt."""
        return {part for part, found in self.states().items()
                if {"unknown", "open"} & set(found)
                and "accepted" not in found}

    def in_doubt(self):
        """Those of them that a run went on from, without settling them."""
        return {part for part in self.unanswered()
                if {"unknown", "refused"} & set(self.states()[part])}


def take(journal, line):
    """One line, as an object."""
    kind, number = next(iter(line.items()))
    if not journal.header:
        if kind != "journal":
            raise Malformed("a journal that begins with %s" % kind)
        journal.header = line
    elif kind in STATES:
        if number != len(journal.entries) + 1:
            raise Malformed("%s %s is not the next" % (kind, number))
        if line["state"] != "unknown":
            raise Malformed("%s %s has a state" % (kind, number))
        journal.entries.append(Entry(kind, line))
    elif kind in CLOSES and 0 < number <= len(journal.entries):
        entry = journal.entries[number - 1]
        if entry.kind != CLOSES[kind] or entry.closed:
            raise Malformed("%s %d closes nothing" % (kind, number))
        if line["state"] not in STATES[entry.kind]:
            raise Malformed("%s %d: %s" % (kind, number, line["state"]))
        for name in SAME:
            if line.get(name) != entry.opened.get(name):
                raise Malformed("%s %d is about another batch" %
                                (kind, number))
        entry.closed = line
    else:
        raise Malformed("a line of another kind: %s" % line)


def within(part, parts):
    """Is it one of them, or a half of one?"""
    return any(part[0] == batch and begin <= part[1] and part[2] <= end
               for batch, begin, end in parts)


def read(data, torn=False):
    """A Journal.  TORN: it may be in use, or its writer killed, so that its
    last line may not be whole; it does not count then."""
    lines = data.split(b"\n")
    if lines.pop() and not torn:
        raise Malformed("the last line is torn")
    if torn and lines and b"\0" in lines[-1]:
        lines.pop()
    journal = Journal()
    for text in lines:
        try:
            line = json.loads(text)
            take(journal, line)
        except (ValueError, KeyError, TypeError, AttributeError,
                StopIteration) as e:
            raise Malformed("line %r: %s" % (text, e)) from e
    return journal
