#!/usr/bin/env python3
"""settle.py TIMES SEED [ROWS]: tp-settle against a reference, byte for byte."""

import hashlib
import json
import random
import subprocess
import sys


def seal(text, rows, delta=None):
    data = text.encode()
    line = f"#tp-seal rows={rows} bytes={len(data)} " \
           f"sha256={hashlib.sha256(data).hexdigest()}"
    if delta is not None:
        line += f" delta={hashlib.sha256(delta.encode()).hexdigest()}"
    return text + line + "\n"


def put(text):
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n') else text


def write(path, text):
    with open(path, "w", encoding="utf8", newline="") as file:
        file.write(text)


def check(rng, about):
    kind = rng.choice(["thirdPartyId", "thirdPartyId", "pcId"])
    ids = [f"i{n}" for n in range(rng.randint(0, about))] + ["a,b", 'q"q', "é", "I1", "l\nl"]
    rng.shuffle(ids)
    records = [(key, f"{put(key)},{rng.choice(['x', 'y', ''])}"
                + rng.choice(["\n", "\n", "\r\n"])) for key in ids]
    head = f"{kind},a\n"
    share = rng.choice([0, 0.02, 0.5, 1])
    sent = [r for r in records if rng.random() < share]
    delta = head + "".join(line for _, line in sent)
    write("delta", seal(delta, len(sent)))
    text = head + "".join(line for _, line in records)
    write("next", seal(text, len(records), delta))

    # Batches of the delta, each with a way of ending.
    reason, lines, outcomes, failed = {}, [], [], set()
    with_outcomes = rng.random() < 0.7
    for number, at in enumerate(range(0, len(sent), 7), 1):
        batch = [key for key, _ in sent[at:at + 7]]
        how = rng.choice(["accepted"] * 5 + ["refused", "failed", "unknown", "none"])
        api = rng.choice(["v2", "v2", "v1"])
        name = f"b-{number}" if rng.random() < 0.9 else ""
        if how == "none":
            continue
        if rng.random() < 0.2:
            lines += [f"unknown,{api},{number},,2026-01-01T00:00:00Z,{put(key)}"
                      for key in batch]
        lines += [f"{how},{api},{number},{name},2026-01-01T00:00:00Z,{put(key)}"
                  for key in batch]
        for key in batch:
            reason[key] = "proven" if how == "accepted" else "notAccepted"
        if how != "accepted":
            continue
        state = rng.choice(["complete"] * 5 + ["stuck", "deadline", "expired", "absent"])
        o = {"batch": number, "batchId": name or None, "state": state,
             "rows": len(batch), "batchSize": len(batch), "reconciled": False,
             "successfulUpdates": len(batch), "profilesNotFound": 0,
             "failedUpdates": 0}
        listed, good = [], False
        if state == "complete":
            wrong = rng.choice(["", "", "", "listed", "unlisted", "size", "missing"])
            o["reconciled"] = good = wrong == "" or wrong == "missing" and api == "v1"
            if wrong in ("listed", "unlisted"):
                bad = rng.sample(batch, rng.randint(1, len(batch)))
                o["failedUpdates"] = len(bad)
                o["successfulUpdates"] -= len(bad)
                o["failedIds"] = listed = bad if wrong == "listed" else bad[1:]
                good = wrong == "listed"
                # Something else is wrong with it, too.
                if good and rng.random() < 0.3:
                    o[rng.choice(["batchSize", "rows", "successfulUpdates"])] += 1
                    good = False
            elif wrong == "size":
                o["batchSize"] += 1
            elif wrong == "missing":
                o["profilesNotFound"] = 1
                o["successfulUpdates"] -= 1
        elif state == "expired":
            good = True
            o["profilesNotFound"] = None
        if with_outcomes and state != "absent":
            outcomes.append(o)
        if api == "v1" and (not with_outcomes or state == "absent" or
                            o["profilesNotFound"] != 0):
            good = False
        elif not with_outcomes:
            good, listed = True, []
        elif state == "absent":
            good = False
        if not good:
            for key in batch:
                reason[key] = "outcome"
        elif with_outcomes:
            failed.update(listed)
    missing = [key for key in ids if rng.random() < 0.1] if rng.random() < 0.4 else None
    count = dict.fromkeys(["proven", "unsent", "notAccepted", "outcome", "failed",
                           "missing", "others"], 0)
    out = set()
    for key, _ in sent:
        why = reason.get(key, "unsent")
        if why == "proven" and key in failed:
            why = "failed"
        if why == "proven" and key in (missing or []):
            why = "missing"
        count[why] += 1
        if why != "proven":
            out.add(key)
    for key in set(missing or []) - {key for key, _ in sent}:
        count["others"] += 1
        out.add(key)
    stay = [line for key, line in records if key not in out]
    wanted = seal(head + "".join(stay), len(stay))

    write("rows", f"state,api,batch,batchId,time,{kind}\n" +
          "".join(line + "\n" for line in lines))
    arguments = ["tp-settle", "-q", "--next", "next", "--delta", "delta",
                 "--rows", "rows", "--summary", "sum"]
    if with_outcomes:
        write("outcomes", "".join(json.dumps(o) + "\n" for o in outcomes))
        arguments += ["--outcomes", "outcomes"]
    if missing is not None:
        write("missing", f"{kind}\n" + "".join(put(k) + "\n" for k in missing))
        arguments += ["--missing", "missing"]
    for memory in ["1M", "64M"]:
        done = subprocess.run(arguments + ["--memory", memory],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)
        if done.returncode != 0 or done.stdout.decode() != wanted:
            write("wanted", wanted)
            write("got", done.stdout.decode())
            sys.exit(f"{arguments} --memory {memory}: exit {done.returncode} "
                     f"{done.stderr.decode()}: compare wanted and got")
        with open("sum", encoding="utf8") as file:
            told = json.load(file)
        if any(told[name] != value for name, value in count.items()):
            sys.exit(f"{arguments}: {told}, wanted {count}")


def main():
    times, seed = int(sys.argv[1]), int(sys.argv[2])
    about = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    for i in range(times):
        check(random.Random(seed * 1000003 + i), about)
    print(f"{times} times")


main()
