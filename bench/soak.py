#!/usr/bin/python3
"""Drives one Kriya with validate and register at once for minutes and shows whether its memory stays flat.

Prints resident memory every 15 s. Flat means: after the first fifth of the time, which fills pools and caches, it never
rises above what it was then by more than a few MB.
"""

import argparse
import contextlib
import pathlib
import subprocess
import tempfile
import time
import types

from load import issue_tokens, next_series, result_of, wrk_command
from machine import cpu_seconds, facts, Failure, main, megabytes, raise_file_limit
from postgres import Postgres
from servers import Server, check_tools

FLAT_MEGABYTES = 4


def start_wrk(stack, server, script, seconds, connections, **script_settings):
    command, environment = wrk_command(server, script, seconds, connections, 1, script_settings)
    wrk = stack.enter_context(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, text=True,
                                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    stack.callback(wrk.kill)
    return wrk


def watch(server, postgres, settings):
    """Samples until the time is over: [(seconds, server MB, database's private MB or None)]."""
    samples, started = [], time.monotonic()
    print(f"{'seconds':>9}{'server MB':>12}{'database private MB':>22}{'database MB':>14}{'CPU of server':>16}")
    cpu_before, then = cpu_seconds(server.process.pid), started
    while (passed := time.monotonic() - started) < settings.seconds:
        time.sleep(min(settings.every, settings.seconds - passed))
        now = time.monotonic()
        cpu = cpu_seconds(server.process.pid)
        resident = megabytes(server.process.pid, "VmRSS")
        private = postgres.megabytes("Pss_Anon") if postgres else None
        samples.append((now - started, resident, private))
        whole = f"{postgres.megabytes():.1f}" if postgres else "-"
        print(f"{now - started:>9.0f}{resident:>12.1f}{'-' if private is None else f'{private:.1f}':>22}{whole:>14}"
              f"{(cpu - cpu_before) / (now - then) * 100:>14.0f} %", flush=True)
        cpu_before, then = cpu, now
    return samples


def verdict(what, samples, column, seconds):
    """Says how far a figure rose above its value at one fifth of the time."""
    later = [sample[column] for sample in samples if sample[0] >= seconds / 5]
    if len(later) < 2 or later[0] is None:
        return
    growth = max(later) - later[0]
    word = "flat" if growth <= FLAT_MEGABYTES else "NOT FLAT"
    print(f"{what}: at most {growth:+.1f} MB after the first {seconds / 5:.0f} s, at the end "
          f"{later[-1] - later[0]:+.1f} MB: {word} (bound {FLAT_MEGABYTES} MB)")


def run(settings):
    check_tools([f"kriya-{settings.engine}"])
    raise_file_limit()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kriya-bench-")))
        postgres = stack.enter_context(Postgres(folder / "postgres")) if settings.engine == "postgres" else None
        name = f"kriya-{settings.engine}"
        if postgres:
            postgres.create(name)
        print(f"{settings.seconds} s of validate ({settings.validating} connections) and register "
              f"({settings.registering}) on {name}\n" + "\n".join(facts(folder)), flush=True)
        server = stack.enter_context(Server(name, folder / name, types.SimpleNamespace(), postgres))
        server.tokens = issue_tokens(server, folder / "tokens", settings.users, 120)
        loads = {
            "validate": start_wrk(stack, server, "validate", settings.seconds, settings.validating,
                                  tokens=server.tokens),
            "register": start_wrk(stack, server, "register", settings.seconds, settings.registering,
                                  series=next_series()),
        }
        samples = watch(server, postgres, settings)
        results = {script: result_of(wrk.communicate(timeout=60)[0], server, script) for script, wrk in loads.items()}
        server.check_tokens()
    for script, result in results.items():
        print(f"{script}: {result['requests']:,} answers, {result['requests'] / result['seconds']:,.0f} req/s, "
              f"p99 {result['p99_ms']:.1f} ms, {result['bad_status']} non-2xx, {result['socket_errors']} socket errors")
    verdict("server, resident", samples, 1, settings.seconds)
    verdict("database, private to its processes", samples, 2, settings.seconds)
    if any(result["bad_status"] or result["socket_errors"] for result in results.values()):
        raise Failure("answers other than 2xx, or lost connections: void")


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--seconds", type=int, default=300, help="(default 300)")
    parser.add_argument("--every", type=float, default=15, help="seconds between two samples (default 15)")
    parser.add_argument("--users", type=int, default=10000, help="people registered before (default 10000)")
    parser.add_argument("--validating", type=int, default=56, help="connections that validate (default 56)")
    parser.add_argument("--registering", type=int, default=8, help="connections that register (default 8)")
    return parser.parse_args()


if __name__ == "__main__":
    main(run, read_settings)
