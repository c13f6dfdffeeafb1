"""One run of wrk against one server: what wrk counted, and what the run cost the server and its database."""

import itertools
import json
import os
import pathlib
import resource
import subprocess

from machine import Failure, cpu_seconds, forget_peak, megabytes, tool
from servers import API_KEY

SCRIPTS = pathlib.Path(__file__).resolve().parent / "wrk"

_series = itertools.count(200)


def next_series():
    """Three digits of the phone numbers: no two runs register the same people."""
    return next(_series)


def wrk_command(server, script, seconds, connections, threads, script_settings):
    """The command line and environment of a run."""
    environment = {"PATH": os.environ["PATH"], "BENCH_API_KEY": API_KEY, "BENCH_THREADS": str(threads)}
    environment |= {"BENCH_" + name.upper(): str(value) for name, value in script_settings.items()}
    command = [tool("wrk"), "-t", threads, "-c", connections, "-d", f"{seconds}s", "--timeout", "10s",
               "-s", SCRIPTS / f"{script}.lua", f"http://127.0.0.1:{server.port}"]
    return list(map(str, command)), environment


def result_of(said, server, script):
    """The figures that the script's last line brings."""
    lines = [line for line in said.splitlines() if line.startswith("RESULT ")]
    if server.process.poll() is not None or not lines:
        raise Failure(f"{server.name} or wrk failed in {script}; wrk said:\n{said}")
    return json.loads(lines[0].split(" ", 1)[1])


def queries_and_validations(server):
    return server.counter("kriya_database_queries_total"), server.counter("kriya_tokens_validated_total")


def drive(server, script, seconds, connections=64, threads=1, **script_settings):
    """One run; its figures by name. Those of a database are None for a server that has none of its own process."""
    command, environment = wrk_command(server, script, seconds, connections, threads, script_settings)
    postgres = server.postgres
    if postgres:
        postgres.settle()
    os.sync()  # what the previous run left to write is not this run's burden
    forget_peak(server.process.pid)
    counted_before = queries_and_validations(server)
    wrk_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    database_before = postgres.cpu_seconds() if postgres else 0
    server_before = cpu_seconds(server.process.pid)
    wrk = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    result = result_of(wrk.stdout, server, script)
    server_cpu = cpu_seconds(server.process.pid) - server_before
    database_cpu = postgres.cpu_seconds() - database_before if postgres else None
    wrk_after = resource.getrusage(resource.RUSAGE_CHILDREN)

    requests = max(1, result["requests"])
    wrk_cpu = sum(getattr(wrk_after, kind) - getattr(wrk_before, kind) for kind in ("ru_utime", "ru_stime"))
    result["per_second"] = result["requests"] / result["seconds"]
    result["cpu_us"] = server_cpu * 1e6 / requests
    result["database_us"] = database_cpu * 1e6 / requests if postgres else None
    result["peak_mb"] = megabytes(server.process.pid, "VmHWM")
    result["database_mb"] = postgres.megabytes() if postgres else None
    result["wrk_busy"] = wrk_cpu / result["seconds"]
    result["queries"] = queries_per_thousand(counted_before, queries_and_validations(server), requests)
    return result


def queries_per_thousand(before, after, requests):
    """Statements for a thousand validations (for a thousand requests where none were); None when nobody counts them."""
    if before[0] is None or after[0] is None:
        return None
    validations = (after[1] or 0) - (before[1] or 0)
    return (after[0] - before[0]) * 1000 / (validations or requests)


def issue_tokens(server, file, count, seconds):
    """Registers up to `count` people, as many as fit into the time; their tokens go to the file."""
    drive(server, "issue", seconds, series=next_series(), tokens=file, count=count)
    return file
