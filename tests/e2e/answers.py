#!/usr/bin/env python3
"""A server that says what two files say, for tests: answers.py FOLDER

Prints its address, then takes connections one after another until it is
killed.  A POST is answered from FOLDER/post and a GET from FOLDER/get, which
are read anew each time: the status is on the first line, all else is the body.
"hang" behind the status leaves the body out, until the client has gone.
FOLDER/calls gets a line for each request: its method and its path.
"""
import http.server
import os
import sys

folder = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, name):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(os.path.join(folder, name), "rb") as file:
            status, body = file.read().split(b"\n", 1)
        with open(os.path.join(folder, "calls"), "a", encoding="ascii") as log:
            log.write("%s %s\n" % (self.command, self.path))
        status, *hang = status.split()
        self.send_response_only(int(status))
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(1 if hang else len(body)))
        self.end_headers()
        if hang:
            self.connection.recv(1)
        else:
            self.wfile.write(body)

    def do_POST(self):
        self.answer("post")

    def do_GET(self):
        self.answer("get")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
