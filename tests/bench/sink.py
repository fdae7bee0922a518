#!/usr/bin/env python3
"""A server that takes every bulk update as fast as it comes and keeps none.

Prints its address; ends when its stdin does.
"""

import os
import socket
import sys
import threading

TEXT = (b"<response>\n<success>true</success>\n<batchStatus>"
        b"http://%s/m2/bench/profile/batchStatus?batchId=bench-1-1"
        b"</batchStatus>\n"
        b"<message>Batch submitted for processing</message>\n</response>\n")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n" \
       b"Content-Length: %d\r\n\r\n"


def serve(connection, address):
    text = TEXT % address
    answer = HEAD % len(text) + text
    room = memoryview(bytearray(1 << 20))
    with connection:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                n = connection.recv_into(room)
                if not n:
                    return
                head += room[:n]
            head, _, rest = head.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b":", 1)
                          for line in head.split(b"\r\n")[1:])
            if b"100-continue" in fields.get(b"expect", b""):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(fields[b"content-length"]) - len(rest)
            while left > 0:
                n = connection.recv_into(room)
                if not n:
                    return
                left -= n
            connection.sendall(answer)


def listen(server, address):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection, address),
                         daemon=True).start()


def main():
    server = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % server.getsockname()[1]
    print("http://" + address, flush=True)
    threading.Thread(target=listen, args=(server, address.encode()),
                     daemon=True).start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
