#!/usr/bin/env python3
"""An edge that refuses what is bad, for tests: picky.py LOG

Prints its address, then takes bulk updates until it is killed.  A body with
",bad" in it is refused as the service does it (200, success false), one with
",huge" with 413, one with ",never" with 400.  While a file LOG.once exists, the
request whose number it holds is not answered, and the file is removed.
LOG has a line for each request: "taken" or what it was refused with, the
number of rows, and the first row's identifier.  The bodies taken are appended
to LOG.taken.
"""
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

log_path = sys.argv[1]
ANSWER = (b"<response><success>%s</success><batchStatus>%s</batchStatus>"
          b"<message>%s</message></response>")


class Edge(BaseHTTPRequestHandler):
    count = 0

    def log_message(self, *_):
        pass

    def do_POST(self):
        Edge.count += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        lines = body.decode().splitlines()
        code, word = 200, b"true"
        if b",never" in body:
            code = 400
        elif b",huge" in body:
            code = 413
        elif b",bad" in body:
            word = b"false"
        taken = code == 200 and word == b"true"
        with open(log_path, "a", encoding="ascii") as log:
            log.write("%s %d %s\n" % ("taken" if taken else code,
                                      len(lines) - 1, lines[1].split(",")[0]))
        if taken:
            with open(log_path + ".taken", "ab") as out:
                out.write(body)
        once = log_path + ".once"
        if os.path.exists(once):
            with open(once, encoding="ascii") as number:
                now = int(number.read()) == Edge.count
            if now:
                os.unlink(once)
                self.close_connection = True
                return
        url = b"http://127.0.0.1/m2/demo/profile/batchStatus?batchId=demo-%d"
        answer = ANSWER % (word, url % Edge.count if taken else b"",
                           b"Batch submitted for processing" if taken
                           else b"Unexpected error")
        self.send_response(code)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


signal.signal(signal.SIGTERM, signal.SIG_DFL)
server = HTTPServer(("127.0.0.1", 0), Edge)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
