#!/usr/bin/env python3
"""hostile.py COMMAND URL [ARGUMENT...]: clients that tp-sandbox must survive.

  hold URL KIND N     opens N connections, says so, and keeps them until it is
                      killed.  KIND is what they have sent: nothing (silent),
                      half of the headers (head), half of a body (body), a whole
                      request whose answer they do not read (deaf), 40 MB of
                      a larger body (most), or only what begins TLS (shaken).
  slow URL SECONDS    sends a batch in ten parts, with a pause after each, and
                      reads the answer in ten; prints its status and length.
                      Both take SECONDS and a half.
  endless URL PATH    posts a body that has no end, until it cannot; prints how
                      many bytes of it were sent.
  wide URL            sends a batch that takes long to apply; says so when it
                      has been sent, and waits for the answer.

They talk to 127.0.0.1 only.
"""

import resource
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit

PATH = "/m2/demo/v2/profile/batchUpdate"
BATCH = b"batch=thirdPartyId,x\nslow,1\n"
FORM = "application/x-www-form-urlencoded"


def head(length, path=PATH, extra=""):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: {length}\r\n"
            f"{extra}\r\n").encode()


FIRST = {
    "silent": b"",
    "head": head(100)[:-10],
    "body": head(100) + BATCH,
    "deaf": head(len(BATCH)) + BATCH,
    "most": head(41000000) + b"batch=thirdPartyId,x\na1," + bytes(40000000),
}


def connect(url):
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1"
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def allow_files(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(n, hard), hard))


def hold(url, kind, n):
    allow_files(int(n) + 64)
    held = []
    for _ in range(int(n)):
        sock = connect(url)
        try:
            if kind == "shaken":
                sock = ssl._create_unverified_context().wrap_socket(sock)
            else:
                sock.sendall(FIRST[kind])
        except OSError:
            pass  # dropped already
        held.append(sock)
    print(len(held), "open", flush=True)
    time.sleep(120)


def slow(url, seconds):
    pause = float(seconds) * 1.5 / 10
    rows = b"".join(b"s%d,1\n" % i for i in range(100))
    body = b"batch=thirdPartyId,x\n" + rows
    with connect(url) as sock:
        sock.sendall(head(len(body)))
        step = len(body) // 10 + 1
        for at in range(0, len(body), step):
            sock.sendall(body[at:at + step])
            time.sleep(pause)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += sock.recv(4096)
        fields, _, rest = answer.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in fields.split(b"\r\n")
                      if line.lower().startswith(b"content-length"))
        got = len(rest)
        for part in range(1, 11):
            time.sleep(pause)
            while got < length * part // 10:
                more = sock.recv(min(65536, length * part // 10 - got))
                if not more:
                    break
                got += len(more)
        print(fields.split()[1].decode(), got, flush=True)


def endless(url, path):
    part = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    sent = 0
    with connect(url) as sock:
        sock.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
                     f"Content-Type: {FORM}\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n".encode())
        try:
            while sent < 1 << 30:
                sock.sendall(part)
                sent += 0x10000
        except OSError:
            pass
    print(sent, flush=True)


def wide(url):
    columns = 30000
    names = b",".join(b"%x" % i for i in range(columns))
    cells = b",1" * columns + b"\n"
    body = b"batch=thirdPartyId," + names + b"\n" + b"".join(
        b"w%d" % i + cells for i in range(800))
    with connect(url) as sock:
        sock.sendall(head(len(body)) + body)
        print("sent", flush=True)
        sock.recv(4096)


def main():
    commands = {"hold": hold, "slow": slow, "endless": endless, "wide": wide}
    commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
