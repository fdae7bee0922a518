#!/usr/bin/env python3
"""An edge that never forgets: the witness of the tests.

faithful.py DIR

Prints its address, then takes bulk updates for any client code.  What it
accepts is on disk before the answer leaves; what is not whole is not accepted.
For each client, in DIR/CLIENT/:

  000001, …   the bodies it accepted, in order
  requests    NDJSON: one object per request, fsynced: what came of it

and, if they exist when a request comes:

  faults      a probability: so many answers are lost, cut, wrong or late;
              and half of the bodies that come once more, after one that was
              accepted, are refused, in one way or another
  busy        a probability: so many batches are not taken, with 503
  pause       seconds to wait before each answer
  lenient     refuse nothing; without it a batch is refused that has a row whose
              id begins with "refuse", or a value "bad" (as the service does it,
              with 200), "huge" (413) or "never" (400)
  once        the number of a request, from 1, that gets no answer

Asked for the status of what it accepted, it says that it is complete.

It is written for these tests alone and shares no code with tp-sandbox: a mistake
in one must not hide the same mistake in the other.
"""

import hashlib
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPDATE = re.compile(r"/m2/([\w.-]+)/(?:v2/)?profile/batchUpdate\Z")
STATUS = re.compile(r"/m2/[\w.-]+/profile/batchStatus\?batchId=(\w+-\w+)"
                    r"(&|\Z)")
COMPLETE = ("<response><batchId>%s</batchId><status>complete</status>"
            "<batchSize>%d</batchSize><failedUpdates>0</failedUpdates>"
            "</response>\n")
ANSWER = ("<response>\n<success>%s</success>\n<batchStatus>%s</batchStatus>\n"
          "<message>%s</message>\n</response>\n")
# What an edge may do with a batch, and whether it has accepted it then.
FAULTS = {"lost": True, "cut": True, "garbled": True, "late": True,
          "gateway": True, "busy": False, "reset": False}
# What a batch is refused for, and the status of that.
REFUSALS = {b",never": 400, b",huge": 413, b",bad": 200, b"\nrefuse": 200}
# What it may say of a body that it has accepted before: the status of a
# refusal; 200 with success false.
CONTRARY = (200, 302, 400, 401, 403, 404, 413)


def write_whole(path, data, flags):
    """Data is on disk when this returns, and so is the name."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    try:
        while data:
            data = data[os.write(handle, data):]
        os.fsync(handle)
    finally:
        os.close(handle)
    if flags & os.O_EXCL:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def read_setting(folder, name):
    try:
        with open(os.path.join(folder, name)) as setting:
            return float(setting.read() or 0)
    except OSError:
        return 0.0


class Oracle(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    lock = threading.Lock()
    chance = random.Random()
    counts = {}
    requests = {}
    known = set()               # the folder and digest of what was accepted
    sizes = {}                  # rows, by the id of a batch
    folder = "."

    def log_message(self, *_):
        pass

    def note(self, folder, **what):
        line = json.dumps(what).encode() + b"\n"
        write_whole(os.path.join(folder, "requests"), line, os.O_APPEND)

    def accept(self, folder, name, body):
        self.sizes[name] = body.count(b"\n") - 1
        number = self.counts.get(folder, 0) + 1
        write_whole(os.path.join(folder, "%06d" % number), body, os.O_EXCL)
        self.counts[folder] = number
        self.known.add((folder, hashlib.sha256(body).hexdigest()))
        return number

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def say(self, code, text, cut=False):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def read_body(self, length):
        try:
            return self.rfile.read(length)
        except OSError:
            return b""

    def do_GET(self):
        status = STATUS.match(self.path)
        if status and status.group(1) in self.sizes:
            name = status.group(1)
            self.say(200, COMPLETE % (name, self.sizes[name]))
        else:
            self.say(404, "no such thing")

    def do_POST(self):
        update = UPDATE.match(self.path)
        length = self.headers.get("Content-Length", "")
        if not update or not length.isdigit():
            self.close_connection = True
            self.say(404, "no such thing")
            return
        folder = os.path.join(self.folder, update.group(1))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        body = self.read_body(int(length))
        with self.lock:
            self.update(folder, update.group(1), int(length), body)

    def update(self, folder, client, length, body):
        sha256 = hashlib.sha256(body).hexdigest()
        what = {"sha256": sha256, "bytes": len(body)}
        if len(body) < length:
            self.note(folder, came="incomplete", **what)
            self.close_connection = True
            return
        rows = body.split(b"\n")[1:-1]
        what["rows"] = len(rows)
        what["first"] = rows[0].split(b",")[0].decode() if rows else None
        refused, fault, code = None, None, 200
        if not body.startswith(b"batch="):
            refused = "Batch is empty"
        elif not os.path.exists(os.path.join(folder, "lenient")):
            for mark, code_of_it in REFUSALS.items():
                if mark in body:
                    refused, code = "Unexpected error", code_of_it
                    break
        self.requests[folder] = self.requests.get(folder, 0) + 1
        if read_setting(folder, "once") == self.requests[folder]:
            fault = "lost"
        faults = read_setting(folder, "faults")
        if faults and not refused and (folder, sha256) in self.known and (
                self.chance.random() < 0.5):
            refused = "it is here already"
            code = self.chance.choice(CONTRARY)
        elif not fault and self.chance.random() < faults:
            fault = self.chance.choice(sorted(FAULTS))
        if self.chance.random() < read_setting(folder, "busy"):
            refused, fault = None, "busy"
        if refused:
            self.note(folder, came="refused", fault=fault, code=code, **what)
        elif fault and not FAULTS[fault]:
            self.note(folder, came=fault, fault=fault, **what)
        else:
            number = self.accept(
                folder, "%s-%s" % (client, sha256[:16]), body)
            self.note(folder, came="accepted", number=number, fault=fault,
                      **what)
        time.sleep(read_setting(folder, "pause"))
        self.answer(fault, refused, code, client, sha256)

    def answer(self, fault, refused, code, client, sha256):
        host = "%s:%d" % self.server.server_address
        text = ANSWER % ("false", "", refused) if refused else ANSWER % (
            "true", "http://%s/m2/%s/profile/batchStatus?batchId=%s-%s"
            % (host, client, client, sha256[:16]),
            "Batch submitted for processing")
        try:
            if fault in ("lost", "reset"):
                self.reset()
            elif fault == "busy":
                self.say(503, "try later")
            elif fault == "gateway":
                self.say(self.chance.choice((502, 504)), "no answer")
            elif fault == "garbled":
                self.say(200, "<html>hello</html>")
            else:
                if fault == "late":
                    time.sleep(0.2)
                self.say(code, text, cut=fault == "cut")
        except OSError:
            # The client is dead: that is the test.
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    Oracle.folder = sys.argv[1]
    server = Server(("127.0.0.1", 0), Oracle)
    print("http://%s:%d" % server.server_address, flush=True)
    # It ends with the driver, even if that is killed.
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
