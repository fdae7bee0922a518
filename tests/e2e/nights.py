#!/usr/bin/env python3
"""nights.py JOB NIGHTS SEED: the nightly job, over simulated nights.

Runs as a command of tp-sandbox --control.  Two exports change from night to
night; now and then one is broken, the job is killed, the service refuses or
answers nonsense, it loses rows, or there is no run at all.  After each night that
ends with 0 each cell of its exports that is not empty is held by the service; but
that a refresh was lost nothing can tell before the profile expires.
Prints the rows that were sent, against those of a plain upload each night.
"""

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

DAY0 = 20000


def control(parameters):
    url = os.environ["TP_CONTROL"] + "?" + urllib.parse.urlencode(parameters)
    urllib.request.urlopen(url).read()


def held(identifier):
    """The attributes of a profile; {} if there is none."""
    url = (f"{os.environ['TP_ENDPOINT']}/rest/v1/profiles/thirdPartyId/"
           f"{urllib.parse.quote(identifier, safe='')}?client=demo")
    try:
        with urllib.request.urlopen(url) as answer:
            profile = json.load(answer)
    except urllib.error.HTTPError as error:
        assert error.code == 404, error
        return {}
    return {name: attribute["value"]
            for name, attribute in profile["profileAttributes"].items()}


class Customers:
    """Who is in the exports, with what."""

    def __init__(self, rng):
        self.rng, self.rows, self.gone, self.made = rng, {}, [], 0
        for _ in range(60):
            self.add()

    def add(self):
        self.made += 1
        self.rows[f"c,{self.made}" if self.made % 7 == 0 else f"c{self.made}"] = {
            name: self.value() for name in ("tier", "points", "city")}

    def value(self):
        return self.rng.choice(["", "gold", "a, b", "50% & more", "é", '"q"',
                                str(self.rng.randrange(1000))])

    def change(self):
        for row in self.rng.sample(list(self.rows.values()), 4):
            row[self.rng.choice(["tier", "points", "city"])] = self.value()
        for _ in range(self.rng.randint(0, 2)):
            self.add()
        if self.rng.random() < 0.5:
            key = self.rng.choice(list(self.rows))
            self.gone.append((key, self.rows.pop(key)))
        if self.gone and self.rng.random() < 0.3:
            key, row = self.gone.pop(0)
            self.rows[key] = row

    def write(self, broken):
        """Two exports that have most identifiers in common, some twice."""
        keys = list(self.rows)
        if self.rng.random() < 0.2:
            self.rng.shuffle(keys)
        with open("loyalty.csv", "w", encoding="utf8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["thirdPartyId", "tier", "points"])
            for key in keys[:len(keys) // 3] if broken else keys:
                row = self.rows[key]
                if self.rng.random() < 0.2:
                    out.writerow([key, row["tier"], ""])
                    out.writerow([key, "", row["points"]])
                else:
                    out.writerow([key, row["tier"], row["points"]])
        with open("marketing.csv", "w", encoding="utf8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["city", "thirdPartyId"])
            for key in keys[:len(keys) // 3] if broken else keys:
                if self.rows[key]["city"]:
                    out.writerow([self.rows[key]["city"], key])


def sent():
    """Rows that reached the service so far."""
    with open("log", encoding="utf8") as file:
        return sum(json.loads(line).get("rows") or 0 for line in file
                   if '"POST"' in line)


def run_job(job, rng, kill, verify, night):
    command = ["sh", job, "loyalty.csv", "marketing.csv"]
    environment = dict(os.environ)
    if verify:
        # What was changed later is told from what was not kept by the time.
        command = ["faketime", "-f", f"+{night}d"] + command
        environment["VERIFY"] = "yes"
    while kill > 0:
        process = subprocess.Popen(command, start_new_session=True,
                                   stderr=subprocess.DEVNULL, env=environment)
        time.sleep(rng.random() * 0.25)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        kill -= 1
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False,
                          env=environment)
    return done.returncode, done.stderr.decode()


def lost():
    """The identifiers of rows that the service has lost so far."""
    base = sqlite3.connect("file:db?mode=ro", uri=True)
    ids = {row[0] for row in base.execute("SELECT id FROM lost")}
    base.close()
    return ids


def main():
    job, nights, rng = sys.argv[1], int(sys.argv[2]), random.Random(int(sys.argv[3]))
    customers = Customers(rng)
    plain, good, expired = 0, 0, 0
    events = ["plain", "killed", "broken", "no run", "killed", "refused", "nonsense",
              "lost"]
    for night in range(nights):
        event = "plain" if night in (0, nights - 1) else \
            events[night % len(events)] if rng.random() < 0.7 else "plain"
        customers.change()
        if night > 0:
            control({"clock": "24h"})
        if event == "lost" and "TP_SANITIZED" in os.environ:
            event = "plain"  # their library must be loaded before faketime's
        if event == "no run":
            continue
        customers.write(event == "broken")
        plain += len(customers.rows)
        # date(1) of this night, and no calls of the one before.
        with open("clock", "w", encoding="utf8") as file:
            file.write(str((DAY0 + night) * 86400))
        os.environ["TP_STATE_DIR"] = os.path.join(os.getcwd(), f"state-{night}")
        if event == "refused":
            control({"fault": "*:false"})
        if event == "nonsense":
            control({"fault": "*:malformed"})
        if event == "lost":
            control({"lose": "0.3"})
        code, said = run_job(job, rng, rng.randint(1, 3) if event == "killed" else 0,
                             event == "lost", night)
        control({"fault": ""})
        control({"lose": "0"})
        expected = {"broken": [3], "refused": [0, 1, 6], "nonsense": [0, 7],
                    "lost": [0, 1]}.get(event, [0])
        print(f"night {night}: {event}: exit {code}", said.strip())
        assert code in expected, (event, code, said)
        if code != 0:
            continue
        good += 1
        unsure = lost()
        for key, row in customers.rows.items():
            profile = held(key)
            if not profile and key in unsure:
                expired += 1
                continue
            for name, value in row.items():
                assert value == "" or profile.get(name) == value, \
                    (night, key, name, value, profile)
    assert good > nights / 3 and expired < nights
    print(f"{nights} nights: {sent()} rows sent, {plain} by a plain upload")


main()
