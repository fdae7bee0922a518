#!/usr/bin/env python3
"""A server that misbehaves below HTTP, for tests: edge.py MODE LOG

Prints its address, then takes connections one after another until it is
killed.  Each request that came (whole or not) is a line in LOG: the number of
its connection, its method, the bytes of its body, its headers' names.

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
import os
import signal
import socket
import sys
import threading
import time

OK = (b"<response><success>true</success><batchStatus>http://127.0.0.1/m2/demo"
      b"/profile/batchStatus?batchId=demo-1</batchStatus>"
      b"<message>Batch submitted for processing</message></response>")
mode, log_path = sys.argv[1:3]
lock = threading.Lock()


def answer(status, body, headers=b""):
    return (b"HTTP/1.1 %s\r\nContent-Type: text/xml\r\n%s"
            b"Content-Length: %d\r\n\r\n%s" % (status, headers, len(body),
                                               body))


def read_head(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return None, b""
        data += more
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


def note(number, head, body):
    names = ",".join(line.split(":", 1)[0] for line in head[1:])
    with lock, open(log_path, "a", encoding="latin-1") as log:
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


def respond(conn, number, requests, head):
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
        conn.sendall(answer(b"200 OK", b"<response><success>false</success>"
                            b"<message>%s</message></response>"
                            % text.encode("latin-1")))
        return False
    if mode.startswith("header-"):
        conn.sendall(answer(b"200 OK", OK,
                            b"X: %s\r\n" % (b"a" * int(mode[7:]))))
        return False
    if mode == "trickle":
        for byte in answer(b"200 OK", OK):
            conn.sendall(bytes([byte]))
            time.sleep(1)
    conn.sendall(answer(b"200 OK", OK))
    return mode == "keep-and-drop"


def serve(conn, number):
    requests = 0
    with conn:
        if mode == "raw":
            with open(log_path, "ab", buffering=0) as log:
                while data := conn.recv(65536):
                    log.write(data)
                    conn.sendall(answer(b"403 Forbidden", b""))
            return
        while True:
            head, rest = read_head(conn)
            if head is None:
                return
            requests += 1
            if mode == "early-200":
                note(number, head, rest)
                conn.sendall(answer(b"200 OK", OK, b"Connection: close\r\n"))
                await_close(conn)
                return
            if mode in ("early", "tunnel", "tunnel-open"):
                note(number, head, rest)
                status = (b"413 Too Large" if mode == "early"
                          else b"200 Connected" if mode == "tunnel-open"
                          else b"403 Forbidden")
                conn.sendall(answer(status, b""))
                # Without this the kernel resets, and the answer is lost.
                conn.shutdown(socket.SHUT_WR)
                while conn.recv(65536):
                    pass
                return
            note(number, head, read_body(conn, head, rest))
            if not respond(conn, number, requests, head):
                return


def serve_quietly(conn, number):
    try:
        serve(conn, number)
    except OSError:
        pass


signal.signal(signal.SIGTERM, signal.SIG_DFL)
with socket.create_server(("127.0.0.1", 0)) as server:
    print("http://127.0.0.1:%d" % server.getsockname()[1], flush=True)
    count = 0
    while True:
        connection, _ = server.accept()
        count += 1
        threading.Thread(target=serve_quietly, args=(connection, count),
                         daemon=True).start()
