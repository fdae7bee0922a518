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
  fuzz URL SEED N     makes N connections that send nonsense, much of it nearly
                      right, pipelined, cut short, reset or with NULs.

They talk to 127.0.0.1 only.
"""

import random
import resource
import socket
import ssl
import struct
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


TARGETS = [
    PATH, "/m2/demo/profile/batchUpdate",
    "/m2/demo/profile/batchStatus?batchId=demo-1-1&showDetails=true",
    "/rest/v1/profiles/thirdPartyId/a1?client=demo",
    "/rest/v1/profiles/1.2?client=demo", "/", "*", "/%00%zz%", "//..//\xff",
    "/rest/v1/profiles/thirdPartyId/" + "%01" * 9000 + "?client=demo",
    "/" + "a" * 300000, "/?" + "&a=b" * 20000, PATH + "?client=x%00",
]
BODIES = [
    BATCH, b"batch=", b"batch=pcId,x\n%FF,%00\n,,\n", b"batch=pcId\n1\n2\n",
    b"batch=thirdPartyId,x\n" + b"%01" * 70000 + b",1\n",
    b"batch=thirdPartyId" + b",n" * 40000 + b"\na" + b",1" * 40000,
    b"batch=thirdPartyId,x\n" + b"a/b,%FF\n" * 2000, b"\0" * 5000,
    b"batch=thirdPartyId,x\r\na1,1\r\n&x", b"batch=%zz", b"=&" * 3000,
]
FIELDS = [
    "Content-Length: -1", "Content-Length: 99999999999999999999",
    "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 3", "Expect: 100-continue",
    "Content-Type: " + "x" * 70000, "Authorization: Bearer \0",
    "Connection: close", "Connection: Upgrade\r\nUpgrade: h2c", "X: \xff\0y",
    " folded", ":", "Host:", "Cookie: " + "a=b;" * 5000, "Range: bytes=0-1",
]


def request(rnd):
    """A request that is right, but for what chance does to it."""
    body = rnd.choice(BODIES)
    lines = [
        rnd.choice(["GET", "POST", "POST", "HEAD", "PUT", "OPTIONS", "", "G\0"]) +
        " " + rnd.choice(TARGETS) + rnd.choice([" HTTP/1.1"] * 6 +
        [" HTTP/1.0", " HTTP/9.9", "", " HTTP/1.1 x"]), "Host: localhost",
    ]
    if rnd.random() < 0.7:
        lines.append(f"Content-Type: {FORM}")
    if rnd.random() < 0.7:
        wrong = rnd.random() < 0.2
        lines.append(f"Content-Length: {len(body) + rnd.randint(-9, 9) * wrong}")
    lines += rnd.sample(FIELDS, rnd.choice([0, 0, 1, 2]))
    data = bytearray("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
    if "Transfer-Encoding: chunked" in lines and rnd.random() < 0.8:
        body = (b"%x\r\n%b\r\n" % (len(body), body) +
                rnd.choice([b"0\r\n\r\n", b"", b"-1\r\n", b"f" * 40 + b"\r\n",
                            b"0\r\nA: b\r\n\r\n", b"5;\0=\r\nab"]))
    data += body
    for _ in range(rnd.choice([0, 0, 0, 1, 3, 20])):
        data[rnd.randrange(min(len(data), 300))] = rnd.choice(b"\0\r\n \xff%:0a")
    if rnd.random() < 0.2:
        del data[rnd.randrange(len(data)):]
    return bytes(data)


def attack(url, rnd):
    with connect(url) as sock:
        try:
            for _ in range(rnd.choice([1, 1, 2, 8])):
                sock.sendall(request(rnd))
            if rnd.random() < 0.5:
                sock.settimeout(0.02)
                sock.recv(65536)
        except OSError:
            pass  # it was refused: as well
        if rnd.random() < 0.3:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))


def fuzz(url, seed, n):
    rnd = random.Random(int(seed))
    for _ in range(int(n)):
        attack(url, rnd)
    print(n, "sent", flush=True)


def main():
    commands = {"hold": hold, "slow": slow, "endless": endless, "wide": wide,
                "fuzz": fuzz}
    commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
