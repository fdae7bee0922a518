#!/usr/bin/env python3
"""Servers with faults.  For the network matrix: Server, with one of them; and
certificates.  As a program: faulty.py MODE LOG

Prints its address, then takes connections one after another until it is
killed.  Each request that came (whole or not) is a line in LOG: the number of
its connection, its method and path, the bytes of its body, its headers' names.

files           LOG is a folder: a POST is answered from LOG/post and a GET from
                LOG/get, read anew each time: the status is on the first line,
                all else is the body; "hang" behind the status leaves the body
                out, until the client has gone.  The lines are in LOG/calls.
keep-and-drop   answers and keeps the connection open; when a second request
                comes on it, reads that whole and drops the connection;
                other connections are answered well
drop-N          the first N connections are dropped after the whole body
trickle         answers one byte a second, for ever
hang            reads all and never answers
gate            answers when there is a file LOG.go
early           answers 413 after the headers and closes
early-200       answers success after the headers, and closes
header-N        answers success, with a header of N bytes
echo            refuses, with all headers as they came for a message
latin-1         refuses, with a message of 300 letters that are not UTF-8
tunnel          is a proxy: notes what it is asked for, and refuses
tunnel-open     … and does not refuse, but leads nowhere
raw             LOG has all bytes that came, as they came; answers 403
"""

import collections
import datetime
import email.utils
import hashlib
import itertools
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import journals

BATCHES = 5
HANGS = 120                     # s


def make_batches():
    """One row each, so that none can be halved; the length tells which."""
    return [b"batch=thirdPartyId,tier\nid%d,%s\n" % (n, b"x" * n)
            for n in range(1, BATCHES + 1)]


BODIES = make_batches()
SHA256 = dict(enumerate((hashlib.sha256(body).hexdigest() for body in BODIES),
                        1))
OK = (b"<response>\n<success>true</success>\n<batchStatus>http://127.0.0.1/m2/"
      b"demo/profile/batchStatus?batchId=demo-1</batchStatus>\n"
      b"<message>Batch submitted for processing</message>\n</response>\n")


def http(status, body, headers=b""):
    return (b"HTTP/1.1 %d Text\r\nContent-Type: text/xml\r\n%s"
            b"Content-Length: %d\r\n\r\n%s" % (status, headers, len(body),
                                               body))


# ------------------------------------------------------------ certificates

CA_CONFIG = """[ca]
default_ca = own
[own]
database = %(folder)s/index
new_certs_dir = %(folder)s
serial = %(folder)s/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


def make_certificates(folder):
    """Files NAME.crt and NAME.key; trusted.crt has all but the stranger's."""
    with open(folder + "/index", "w", encoding="ascii"), \
            open(folder + "/serial", "w", encoding="ascii") as serial, \
            open(folder + "/config", "w", encoding="ascii") as config:
        serial.write("01\n")
        config.write(CA_CONFIG % {"folder": folder})
    trusted = b""
    for name, host in (("good", "IP:127.0.0.1"), ("stranger", "IP:127.0.0.1"),
                       ("other", "DNS:other.example"),
                       ("expired", "IP:127.0.0.1")):
        base = folder + "/" + name
        end = "20200201000000Z" if name == "expired" else "20990101000000Z"
        for command in (
                "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
                " -keyout %s.key -out %s.csr -subj /CN=%s"
                " -addext subjectAltName=%s" % (base, base, name, host),
                "ca -batch -notext -selfsign -config %s/config -in %s.csr"
                " -keyfile %s.key -out %s.crt -startdate 20200101000000Z"
                " -enddate %s" % (folder, base, base, base, end)):
            subprocess.run(["openssl"] + command.split(), check=True,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if name != "stranger":
            with open(base + ".crt", "rb") as crt:
                trusted += crt.read()
    with open(folder + "/trusted.crt", "wb") as out:
        out.write(trusted)


def make_contexts(folder):
    contexts = {}
    for name in ("good", "stranger", "other", "expired"):
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain("%s/%s.crt" % (folder, name),
                                       "%s/%s.key" % (folder, name))
    return contexts


# ----------------------------------------------------------------- server

class Gone(Exception):
    """The client has closed the connection."""


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    conn.close()


def receive(conn, enough, peek=False):
    """Bytes, until enough(bytes) is true."""
    data = b""
    while not enough(data):
        if peek:
            time.sleep(0.002)
            more = data = conn.recv(65536, socket.MSG_PEEK)
        else:
            more = conn.recv(65536)
            data += more
        if not more:
            raise Gone
    return data


def measure(data):
    """Where the body begins, and its length; 0, 0 before the head is whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0, 0
    return end + 4, int(re.search(rb"(?i)content-length: (\d+)", data).group(1))


hosts = itertools.cycle(range(1, 255))


class Server:
    """Does `fault` to the batch (or connection) `place`, `times` times; of "A
    then B" the first time A, then B.
    If there is a journal, it is looked at as each request comes."""

    def __init__(self, case, place, jobs, contexts, journal=None):
        self.by_connection = case.fault.startswith("conn: ")
        self.tls = case.fault.startswith("conn: tls ")
        self.faults = [fault.split(" ", 1) for fault in
                       case.fault.split(": ")[-1].split(" then ")]
        self.fault = self.faults[0]
        self.place, self.left = place, int(case.times)
        self.always = self.left > 1
        self.contexts = contexts
        self.jobs = jobs
        self.journal = journal
        self.healed = False
        # Connections before the first that is refused.  None must wait to be
        # accepted when the door closes, as that would be reset: with several
        # jobs all of them are let through first.
        self.through = place - 1 if jobs == 1 or place == 1 else jobs
        self.lock = threading.Condition()
        self.begun = collections.Counter()  # requests, by batch
        self.whole = collections.Counter()  # those that came whole
        self.answered = set()               # well, by batch
        self.wrong = []                     # what should never come
        self.connections = self.other_connections = 0
        self.closed = False
        # A port that was closed may be given to another cell: so these have
        # an address of their own.
        self.host = ("127.0.1.%d" % next(hosts) if self.fault[0] == "refuse"
                     else "127.0.0.1")
        self.listener = socket.create_server((self.host, 0))
        self.port = self.listener.getsockname()[1]
        self.other = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.watch_other, daemon=True).start()
        if self.fault[0] == "refuse" and place == 1:
            self.close_listener()
        else:
            self.open_thread()

    def address(self):
        return "%s://%s:%d" % ("https" if self.tls else "http", self.host,
                               self.port)

    def watch_other(self):
        """Where a redirect leads: nobody may come."""
        while True:
            try:
                conn, _ = self.other.accept()
            except OSError:
                return
            self.other_connections += 1
            conn.close()

    def close(self):
        self.closed = True
        self.close_listener()
        self.other.shutdown(socket.SHUT_RDWR)
        self.other.close()

    def close_listener(self):
        try:
            # Wakes accept, which close does not.
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def open_thread(self):
        threading.Thread(target=self.accept, args=(self.listener,),
                         daemon=True).start()

    def reopen(self):
        if self.listener.fileno() < 0 and not self.closed:
            self.listener = socket.create_server((self.host, self.port))
            self.open_thread()

    def again(self):
        """The client says that it will try again."""
        with self.lock:
            if self.fault[0] == "refuse" and not self.always:
                self.reopen()

    def heal(self):
        """From now on all is well."""
        with self.lock:
            self.healed = True
            self.reopen()

    def accept(self, listener):
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
                if (self.fault[0] == "refuse" and number == self.through
                        and not self.healed):
                    self.close_listener()
                    self.lock.notify_all()
            threading.Thread(target=self.serve_quietly, args=(conn, number),
                             daemon=True).start()

    def serve_quietly(self, conn, number):
        try:
            conn.settimeout(HANGS)
            with conn:
                self.serve(conn, number)
        except (OSError, Gone):
            pass

    def strikes(self, number):
        """Is this the batch, or connection, at fault?"""
        if self.healed:
            return False
        if number != self.place and not (
                self.by_connection and self.always and number > self.place):
            return False
        with self.lock:
            if not self.always:
                self.left -= 1
            # What is before it is to be settled before it.
            self.lock.wait_for(
                lambda: len(self.answered) >= self.place - 1, HANGS)
            return self.always or self.left == 0

    def look(self, batch):
        """Before an answer: the attempt is in the journal, each request has
        one, and the last has no result yet."""
        if not self.journal:
            return
        try:
            with open(self.journal, "rb") as file:
                journal = journals.read(file.read(), torn=True)
        except (OSError, journals.Malformed) as e:
            self.wrong.append("batch %d comes: %s" % (batch, e))
            return
        states = [a.state for a in journal.attempts(SHA256[batch])]
        if states[-1:] != ["open"] or "open" in states[:-1]:
            self.wrong.append("batch %d comes, and the journal has %s" % (
                batch, states))
        if not self.by_connection and len(states) != self.begun[batch]:
            self.wrong.append("batch %d: %d requests, and the journal has %s" %
                              (batch, self.begun[batch], states))

    def serve(self, conn, number):
        if self.fault[0] == "refuse":
            with self.lock:
                self.lock.wait_for(lambda: self.connections >= min(
                    self.through, self.jobs), HANGS)
        if self.tls:
            name = "good"
            if self.strikes(number):
                name = self.fault[1]
            if name == "reset":
                conn.recv(1)
                return reset(conn)
            conn = self.contexts[name].wrap_socket(conn, server_side=True)
        if self.fault[0] == "reset" and self.fault[1] != "after":
            if not self.reset_early(conn):
                return None
        data = receive(conn, lambda d: measure(d)[0]
                       and len(d) >= sum(measure(d)))
        body = data[measure(data)[0]:]
        if body not in BODIES or not data.startswith(
                b"POST /m2/demo/v2/profile/batchUpdate HTTP/1.1\r\n"):
            self.wrong.append("the server was sent %r" % data)
            return None
        batch = BODIES.index(body) + 1
        with self.lock:
            self.begun[batch] += 1
            self.whole[batch] += 1
        self.look(batch)
        if not self.by_connection and self.strikes(batch):
            nth = min(self.begun[batch], len(self.faults))
            return self.act(conn, self.faults[nth - 1])
        return self.answer(conn, batch)

    def answer(self, conn, batch):
        conn.sendall(http(200, OK))
        with self.lock:
            self.answered.add(batch)
            self.lock.notify_all()

    def reset_early(self, conn):
        """False: done.  What has come is looked at, and not taken."""
        data = receive(conn, lambda d: len(d) > measure(d)[0] > 0, peek=True)
        start, size = measure(data)
        batch = [len(body) for body in BODIES].index(size) + 1
        if not self.strikes(batch):
            return True
        self.begun[batch] += 1
        self.look(batch)
        if self.fault[1] == "mid":
            conn.recv(start + size // 2)
        reset(conn)
        return False

    def act(self, conn, fault):
        kind = fault[0]
        rest = fault[1] if len(fault) > 1 else ""
        if kind.isdigit():
            self.act_status(conn, int(kind), rest)
        else:
            getattr(self, "act_" + kind)(conn, rest)

    def act_status(self, conn, status, text):
        headers = b""
        if text.startswith("after "):
            value = text.split(" ", 1)[1]
            if value.startswith("date "):
                value = email.utils.format_datetime(
                    datetime.datetime.now(datetime.timezone.utc)
                    + datetime.timedelta(seconds=int(value[5:])), usegmt=True)
            headers, text = b"Retry-After: %s\r\n" % value.encode(), ""
        conn.sendall(http(status, text.encode(), headers))

    def act_redirect(self, conn, _):
        conn.sendall(http(301, OK, b"Location: http://localhost:%d/\r\n"
                          % self.other.getsockname()[1]))

    def act_reset(self, conn, _):
        reset(conn)

    def act_raw(self, conn, text):
        conn.sendall(text.encode() + b"\r\n" if text else b"")

    def act_cut(self, conn, where):
        conn.sendall(http(200, OK)[:int(where)])

    def act_huge(self, conn, size):
        # All of the answer, its headers too, has that size.
        head = len(http(200, b" " * 10000)) - 10000
        conn.sendall(http(200, OK + b" " * (int(size) - head - len(OK))))

    def act_slow(self, conn, seconds):
        time.sleep(float(seconds))
        conn.sendall(http(200, OK))

    def act_trickle(self, conn, _):
        for byte in http(200, OK):
            conn.sendall(bytes([byte]))
            time.sleep(1)


# -------------------------------------------------------------- as a program

log_lock = threading.Lock()


def answer_from_file(conn, folder, head):
    name = "post" if head[0].startswith("POST") else "get"
    with open(os.path.join(folder, name), "rb") as file:
        status, body = file.read().split(b"\n", 1)
    status, *hang = status.split()
    whole = http(int(status), b"." if hang else body)
    conn.sendall(whole[:-1] if hang else whole)
    if hang:
        conn.recv(1)


def read_head(conn):
    try:
        data = receive(conn, lambda data: b"\r\n\r\n" in data)
    except Gone:
        return None, b""
    head, rest = data.split(b"\r\n\r\n", 1)
    return head.decode("latin-1").split("\r\n"), rest


def read_body(conn, head, got):
    length = 0
    for line in head[1:]:
        name, value = line.split(":", 1)
        if name.lower() == "content-length":
            length = int(value)
    while len(got) < length:
        more = conn.recv(65536)
        if not more:
            break
        got += more
    return got


def note(log_path, number, head, body):
    names = ",".join(line.split(":", 1)[0] for line in head[1:])
    with log_lock, open(log_path, "a", encoding="latin-1") as log:
        log.write("%d %s %d %s\n" % (number, head[0].rsplit(" ", 1)[0],
                                     len(body), names))


def await_close(conn):
    """Until the client has closed its end.  This cannot be found out by reading,
    as then all of the body might leave."""
    client = ":%04X" % conn.getpeername()[1]
    for _ in range(6000):
        with open("/proc/net/tcp", encoding="ascii") as table:
            # Its own address, the other one, and 01 for established.
            if not any(line.split()[1].endswith(client)
                       and line.split()[3] == "01" for line in table):
                return
        time.sleep(0.02)


def respond(conn, mode, log_path, number, requests, head):
    """False: the connection is to be dropped."""
    if mode == "keep-and-drop" and requests > 1:
        return False
    if mode.startswith("drop-") and number <= int(mode[5:]):
        return False
    if mode == "hang":
        time.sleep(600)
    if mode == "gate":
        while not os.path.exists(log_path + ".go"):
            time.sleep(0.02)
    if mode in ("echo", "latin-1"):
        text = "\n".join(head) if mode == "echo" else "\xe4" * 300
        conn.sendall(http(200, b"<response><success>false</success>"
                            b"<message>%s</message></response>"
                            % text.encode("latin-1")))
        return False
    if mode.startswith("header-"):
        conn.sendall(http(200, OK,
                            b"X: %s\r\n" % (b"a" * int(mode[7:]))))
        return False
    if mode == "trickle":
        for byte in http(200, OK):
            conn.sendall(bytes([byte]))
            time.sleep(1)
    conn.sendall(http(200, OK))
    return mode == "keep-and-drop"


def serve(conn, mode, log_path, number):
    requests = 0
    with conn:
        if mode == "raw":
            with open(log_path, "ab", buffering=0) as log:
                while data := conn.recv(65536):
                    log.write(data)
                    conn.sendall(http(403, b""))
            return
        while True:
            head, rest = read_head(conn)
            if head is None:
                return
            requests += 1
            if mode == "early-200":
                note(log_path, number, head, rest)
                conn.sendall(http(200, OK, b"Connection: close\r\n"))
                await_close(conn)
                return
            if mode in ("early", "tunnel", "tunnel-open"):
                note(log_path, number, head, rest)
                conn.sendall(http(413 if mode == "early" else 200
                                  if mode == "tunnel-open" else 403, b""))
                # Without this the kernel resets, and the answer is lost.
                conn.shutdown(socket.SHUT_WR)
                while conn.recv(65536):
                    pass
                return
            body = read_body(conn, head, rest)
            if mode == "files":
                note(log_path + "/calls", number, head, body)
                answer_from_file(conn, log_path, head)
                return
            note(log_path, number, head, body)
            if not respond(conn, mode, log_path, number, requests, head):
                return


def serve_quietly(conn, mode, log_path, number):
    try:
        serve(conn, mode, log_path, number)
    except OSError:
        pass


def main():
    mode, log_path = sys.argv[1:3]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print("http://127.0.0.1:%d" % server.getsockname()[1], flush=True)
        for number in itertools.count(1):
            connection, _ = server.accept()
            threading.Thread(target=serve_quietly, daemon=True, args=(
                connection, mode, log_path, number)).start()


if __name__ == "__main__":
    main()
