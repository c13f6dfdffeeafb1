#!/usr/bin/python3
"""Measures how fast codes are checked: POST /api/auth/verify beside POST /api/auth/register, in turns in one run.

A verification counts the guess, compares it, closes the challenge, makes the account and its session and issues both
tokens; a registration (here by a trusted server) makes account, session and token. Every verification needs an open
challenge with its code, so those are opened before, over HTTP; the codes are read from the console provider's lines.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import pathlib
import re
import statistics
import tempfile
import types

from load import drive, next_series
from machine import facts, Failure, main, raise_file_limit, say
from postgres import Postgres
from servers import Server, check_tools

REGISTRAR_KEY = "benchmark-registrar-key-0123456789"
ENVIRONMENT = {
    "PHONE_VERIFICATION": "required",
    "SMS_PROVIDER": "console",
    "REGISTRATION_API_KEYS": REGISTRAR_KEY,
    "CODES_PER_DAY": "100000000",
    "TRUSTED_PROXIES": "127.0.0.1",  # so that each challenge can come from an address of its own
}
OPENERS = 16


def open_challenges(server, numbers):
    """Has a code sent to each number; [(verification id, number)]."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    opened = []
    with contextlib.closing(connection):
        for number in numbers:
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            phone = f"+1212{number:07d}"
            connection.request(
                "POST", "/api/auth/register", json.dumps({"phone_number": phone, "first_name": "Bench"}),
                {"Content-Type": "application/json", "X-Forwarded-For": address})
            answer = connection.getresponse()
            body = json.loads(answer.read())
            if answer.status != 202:
                raise Failure(f"{server.name}: opening a challenge answered {answer.status}: {body.get('detail')}")
            opened.append((body["verification"]["id"], phone))
    return opened


def challenges(server, file, first, count):
    """A file of `count` lines `<verification id> <code>`."""
    shares = [range(first + part, first + count, OPENERS) for part in range(OPENERS)]
    with concurrent.futures.ThreadPoolExecutor(OPENERS) as pool:
        opened = list(itertools.chain.from_iterable(pool.map(lambda share: open_challenges(server, share), shares)))
    said = server.log.read_text(errors="replace")
    codes = dict(re.findall(r"^SMS to (\+\d+): .*#(\d+)$", said, re.MULTILINE))
    file.write_text("".join(f"{identity} {codes[phone]}\n" for identity, phone in opened))
    return file


def measure(server, settings):
    """Rounds of both, in turns: {"register": [figures], "verify": [figures]}."""
    runs = {"register": [], "verify": []}
    for number in range(settings.rounds):
        say(f"{server.name}, round {number + 1}: opening {settings.challenges:,} challenges")
        file = challenges(server, server.folder / "challenges", number * settings.challenges, settings.challenges)
        how = {"connections": settings.connections}
        runs["register"].append(
            drive(server, "register", settings.seconds, series=next_series(), registrar_key=REGISTRAR_KEY, **how))
        runs["verify"].append(drive(server, "verify", 60, tokens=file, **how))
    return runs


def show(name, runs):
    for route, figures in runs.items():
        bad = sum(run["bad_status"] + run["socket_errors"] for run in figures)
        line = f"  {name:16} {route:9}"
        for key, form in (("per_second", "{:>9,.0f} req/s"), ("p50_ms", "  p50 {:>6.2f} ms"),
                          ("p99_ms", "  p99 {:>6.2f} ms"), ("cpu_us", "  server {:>6.1f} µs")):
            line += form.format(statistics.median(run[key] for run in figures))
        if figures[0]["database_us"] is not None:
            line += f"  database {statistics.median(run['database_us'] for run in figures):>6.1f} µs"
        print(line + (f"   <<<<< BAD: {bad:,} answers" if bad else ""))
        if bad:
            raise Failure("answers other than 2xx: void")
    ratio = statistics.median(
        verify["per_second"] / register["per_second"] for verify, register in zip(runs["verify"], runs["register"]))
    print(f"  {name:16} verify has {ratio:.2f} × register's req/s", flush=True)


def run(settings):
    names = [f"kriya-{engine}" for engine in settings.engines]
    check_tools(names)
    raise_file_limit()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kriya-bench-")))
        print("\n".join(facts(folder)), flush=True)
        for name in names:
            with contextlib.ExitStack() as one:
                postgres = None
                if name.endswith("postgres"):
                    postgres = one.enter_context(Postgres(folder / "postgres"))
                    postgres.create(name)
                server = one.enter_context(Server(name, folder / name, types.SimpleNamespace(), postgres, **ENVIRONMENT))
                show(name, measure(server, settings))


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engines", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    parser.add_argument("--connections", type=int, default=64, help="(default 64)")
    parser.add_argument("--challenges", type=int, default=10000, help="verifications a round (default 10000)")
    parser.add_argument("--seconds", type=int, default=3, help="of registering a round (default 3)")
    parser.add_argument("--rounds", type=int, default=3, help="(default 3)")
    return parser.parse_args()


if __name__ == "__main__":
    main(run, read_settings)
