#!/usr/bin/python3
"""Measures Kriya's sign-in API on SQLite and PostgreSQL beside nginx and plain FastAPI and Fastify services.

Starts every server once, each with data of its own, checks that all of them do the same thing, then drives route after
route with wrk, the servers taking turns, and prints one table a route, the ratios and the aims: see bench/README.md.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import statistics
import tempfile
import time

import document
from load import drive, issue_tokens, next_series
from machine import facts, Failure, filesystem_of, main, raise_file_limit, say, version_of
from postgres import Postgres
from servers import COMMANDS, NODE, SAMPLE_ANSWER, Server, check_tools

PREFIX = "kriya-bench-"
ALL = tuple(COMMANDS)
DEFAULT = [name for name in ALL if name not in ("fastapi-sqlite", "fastify-sqlite")]
SERVICES = tuple(name for name in ALL if name != "nginx")

Route = collections.namedtuple("Route", "name title servers")
ROUTES = {
    route.name: route
    for route in (
        Route("validate", "POST /api/auth/validate-token", ALL),
        Route("user", "GET /api/auth/user", SERVICES),
        Route("register", "POST /api/auth/register, new numbers", SERVICES),
        Route("logout", "DELETE /api/auth/logout, a new person each", SERVICES),
    )
}


# ---- The runs -------------------------------------------------------------------------------------------------------


def measure(server, route, connections):
    settings = server.settings
    how = {"connections": connections, "threads": settings.threads}
    if route == "register":
        return drive(server, route, settings.seconds, series=next_series(), **how)
    if route == "logout":  # a logout costs about what a registration costs: half as long again yields enough tokens
        tokens = issue_tokens(server, server.folder / "logout", settings.logout_tokens, int(settings.seconds * 1.5 + 1))
        return drive(server, route, settings.seconds, tokens=tokens, **how)
    return drive(server, route, settings.seconds, tokens=server.tokens, **how)


def start_times(folder, settings, count=5):
    """Milliseconds from exec to the first 200 of /health/ready: on a new data folder, and on one that exists."""
    def start(name):
        with Server("kriya-sqlite", folder / name, settings) as server:
            return server.start_milliseconds

    return {"new": [start(f"start-{i}") for i in range(count)], "again": [start("start-0") for _ in range(count)]}


def start_servers(stack, folder, postgres, settings):
    """Every server, checked, with the people registered whose tokens the load bears."""
    servers = {}
    tokens = folder / "tokens"  # nginx gets another's: it reads none
    tokens.write_text(f"{'x' * 500}\n" * settings.users)
    for name in sorted(settings.only, key="nginx".__eq__):  # nginx last: it copies kriya's answer
        say(f"{name}: starting{'' if name == 'nginx' else f', registering {settings.users:,} people'}")
        its_postgres = postgres if name.endswith("-postgres") else None
        if its_postgres:
            postgres.create(name)
            if not name.startswith("kriya"):  # kriya makes its own tables
                postgres.run((pathlib.Path(__file__).parent / "peers/schema.sql").read_text(), name)
        server = servers[name] = stack.enter_context(Server(name, folder / name, settings, its_postgres))
        if name != "nginx":
            body = server.check()
            settings.nginx_body = body if name.startswith("kriya") else settings.nginx_body
            tokens = issue_tokens(server, server.folder / "tokens", settings.users, 120)
        server.tokens = tokens
        if its_postgres:
            postgres.run("VACUUM ANALYZE", name)
    return servers


def take_turns(servers, settings):
    """All the runs: figures by connections, route and server, one of each round."""
    samples = {connections: {route: {} for route in settings.routes} for connections in settings.connections}
    for number in range(settings.rounds):
        for connections in settings.connections:
            for route in settings.routes:
                for name in (name for name in settings.only if name in ROUTES[route].servers):
                    say(f"round {number + 1}: {route} on {name}, {connections} connections")
                    if number == 0 and route in ("validate", "user"):  # just-in-time compilers and caches warm up
                        drive(servers[name], route, 1, connections, tokens=servers[name].tokens)
                    runs = samples[connections][route].setdefault(name, [])
                    runs.append(measure(servers[name], route, connections))
    return samples


# ---- The report -----------------------------------------------------------------------------------------------------


def summary_of(runs):
    """The median of each figure over the rounds; bad answers are added up. A figure that nobody has stays None."""
    result = {key: None if runs[0][key] is None else statistics.median(run[key] for run in runs) for key in runs[0]}
    for key in ("requests", "bad_status", "socket_errors"):
        result[key] = sum(run[key] for run in runs)
    return result


def against(mine, theirs, figure):
    """Kriya's figure as a multiple of another's, the median over the rounds (both ran side by side in each)."""
    ratios = [a[figure] / b[figure] for a, b in zip(mine, theirs) if b[figure]]
    return statistics.median(ratios) if ratios else None


def counterparts(name):
    """The Kriyas that a server is compared with: the one on the same database; nginx with both."""
    if name.startswith("kriya"):
        return []
    return [f"kriya-{engine}" for engine in ("postgres", "sqlite") if name == "nginx" or name.endswith(engine)]


def total_cpu(runs):
    return [{"cpu": run["cpu_us"] + (run["database_us"] or 0)} for run in runs]


def ratio_words(samples, name):
    words = []
    for kriya in counterparts(name):
        if kriya in samples:
            faster = against(samples[kriya], samples[name], "per_second")
            cpu = against(total_cpu(samples[kriya]), total_cpu(samples[name]), "cpu")
            words.append(f"{kriya} has {faster:.2f} × the req/s" + (
                "" if cpu is None else f", {f'1/{1 / cpu:.1f}' if 0 < cpu < 1 else f'{cpu:.1f} ×'} the CPU"))
    return "; ".join(words)


HEADINGS = ["req/s", "p50 ms", "p99 ms", "server µs", "database µs", "server MB", "database MB", "SQL/1,000",
            "wrk busy", "non-2xx"]


def cells(row):
    def number(value, form):
        return "-" if value is None else format(value, form)

    return [number(row["per_second"], ",.0f"), number(row["p50_ms"], ".2f"), number(row["p99_ms"], ".2f"),
            number(row["cpu_us"], ".1f"), number(row["database_us"], ".1f"), number(row["peak_mb"], ".1f"),
            number(row["database_mb"], ".1f"), number(row["queries"], ",.0f"), f"{row['wrk_busy'] * 100:.0f} %",
            number(row["bad_status"], ",")]


def print_route(route, connections, samples):
    print(f"\n{route.title}, {connections} connections")
    print(f"  {'':25}" + "".join(f"{heading:>{len(heading) + 3}}" for heading in HEADINGS))
    for name, runs in samples.items():
        row = summary_of(runs)
        line = f"  {name:25}" + "".join(f"{cell:>{len(heading) + 3}}" for cell, heading in zip(cells(row), HEADINGS))
        if row["bad_status"] or row["socket_errors"]:
            line += f"   <<<<< BAD: {row['bad_status']:,} non-2xx, {row['socket_errors']:,} socket errors"
        elif ratio := ratio_words(samples, name):
            line += f"   {ratio}"
        print(line)


def aims(samples, starts):
    """What the project aims at: text, bound, measured value or None, whether it must stay below, how to print it."""
    few = samples.get(64, {})

    def figure(route, name, key):
        runs = few.get(route, {}).get(name)
        return summary_of(runs)[key] if runs else None

    def times(route, name, peer):
        runs = few.get(route, {})
        return against(runs[name], runs[peer], "per_second") if name in runs and peer in runs else None

    def highest(key, engine=""):
        values = [summary_of(runs)[key] for routes in few.values() for name, runs in routes.items()
                  if name.startswith("kriya" + engine)]
        return max(values, default=None)

    postgres, sqlite = "kriya-postgres", "kriya-sqlite"
    again = statistics.median(starts["new"]) if starts else None
    rows = [
        ("validate on PostgreSQL, server CPU a request", 20, figure("validate", postgres, "cpu_us"), True, "{:.1f} µs"),
        ("validate on PostgreSQL, database CPU a request", 10, figure("validate", postgres, "database_us"), True,
         "{:.1f} µs"),
        ("validate on PostgreSQL against FastAPI", 30, times("validate", postgres, "fastapi-postgres"), False,
         "{:.1f} ×"),
        ("register on PostgreSQL against FastAPI", 10, times("register", postgres, "fastapi-postgres"), False,
         "{:.1f} ×"),
        ("register on SQLite, durable", 5000, figure("register", sqlite, "per_second"), False, "{:,.0f}/s"),
        ("p99 at 64 connections, every route, PostgreSQL", 10, highest("p99_ms", "-postgres"), True, "{:.1f} ms"),
        ("p99 at 64 connections, every route, SQLite", 10, highest("p99_ms", "-sqlite"), True, "{:.1f} ms"),
        ("validate on SQLite, server CPU a request", 20, figure("validate", sqlite, "cpu_us"), True, "{:.1f} µs"),
        ("validate on SQLite against nginx", 0.60, times("validate", sqlite, "nginx"), False, "{:.0%}"),
        ("validate on SQLite against FastAPI on SQLite", 30, times("validate", sqlite, "fastapi-sqlite"), False,
         "{:.1f} ×"),
        ("validate on SQLite against Fastify on SQLite", 25, times("validate", sqlite, "fastify-sqlite"), False,
         "{:.1f} ×"),
        ("resident memory at its peak, SQLite, every route", 40, highest("peak_mb", "-sqlite"), True, "{:.1f} MB"),
        ("start to first answer, new data folder", 100, again, True, "{:.0f} ms"),
    ]
    return [row for row in rows if row[2] is not None]


def judged(rows):
    """The aims as cells of a table: what, bound, measured, whether it is met."""
    for text, bound, value, below, form in rows:
        met = value <= bound if below else value >= bound
        yield text, ("≤ " if below else "≥ ") + form.format(bound), form.format(value), "yes" if met else "NO"


def head(settings, folder, postgres):
    lines = facts(folder)
    lines.append(f"{version_of('wrk', '-v').split(' Copyright')[0]}, {settings.threads} thread(s), on the same cores; "
                 f"{settings.seconds} s a run, rounds: {settings.rounds}, people: {settings.users:,}")
    if postgres:
        lines.append(postgres.about())
    if any("fast" in name for name in settings.only):
        lines.append(f"processes: FastAPI on PostgreSQL {settings.fastapi_workers}, Fastify's cluster "
                     f"{max(2, os.cpu_count())}, peers on SQLite {settings.sqlite_peer_workers}; "
                     f"Node {version_of(settings.node, '--version')}")
    if filesystem_of(str(folder)) in ("tmpfs", "ramfs"):
        lines.append("NOTE: the data lies in memory: durable writes cost nothing. Set TMPDIR to a folder on a disk.")
    return lines


def write_document(settings, lines, samples, starts):
    """The same tables for docs/performance.md."""
    parts = ["\n".join(f"- {line}" for line in lines)]
    for connections, routes in samples.items():
        for route, its in routes.items():
            if its:
                rows = [[f"`{name}`", *cells(summary_of(runs))[:8], ratio_words(its, name) or "-"]
                        for name, runs in its.items()]
                parts.append(f"**{ROUTES[route].title}**, {connections} connections")
                parts.append(document.table(["server", *HEADINGS[:8], "beside it"], rows))
    if rows := list(judged(aims(samples, starts))):
        parts.append("**Aims**")
        parts.append(document.table(["aim", "bound", "measured", "met"], rows))
    document.replace("figures", "\n\n".join(parts))


def report(settings, lines, samples, starts):
    for connections in settings.connections:
        for route in settings.routes:
            if samples[connections][route]:
                print_route(ROUTES[route], connections, samples[connections][route])
    if starts:
        new, again = (statistics.median(starts[kind]) for kind in ("new", "again"))
        print(f"\nkriya-sqlite, start to first answer (median of {len(starts['new'])}): {new:.0f} ms with a new data "
              f"folder, {again:.0f} ms with an existing one")
    if rows := list(judged(aims(samples, starts))):
        print(f"\n{'Aim':52}{'bound':>12}{'measured':>12}   met")
        for text, bound, measured, met in rows:
            print(f"{text:52}{bound:>12}{measured:>12}   {met}")
    if settings.docs:
        write_document(settings, lines, samples, starts)
    if settings.json:
        settings.json.write_text(json.dumps({
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": lines,
            "settings": {key: str(value) for key, value in vars(settings).items()}, "samples": samples,
            "start_ms": starts, "aims": [list(row[:3]) for row in aims(samples, starts)]}, indent=2) + "\n")


# ---- The program ----------------------------------------------------------------------------------------------------


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])

    def names(known):
        def chosen(text):
            if unknown := set(text.split(",")) - set(known):
                parser.error(f"unknown: {', '.join(sorted(unknown))}; choose among {','.join(known)}")
            return [name for name in known if name in text.split(",")]

        return chosen

    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser.add_argument("--only", type=names(ALL), default=DEFAULT, metavar="A,B",
                        help=f"servers among {','.join(ALL)}; all but fastapi-sqlite and fastify-sqlite by default")
    parser.add_argument("--routes", type=names(ROUTES), default=list(ROUTES), metavar="A,B",
                        help=f"routes: {','.join(ROUTES)}")
    parser.add_argument("--connections", type=numbers, default=[64, 512], metavar="A,B",
                        help="keep-alive connections (default 64,512; the aims are for 64)")
    parser.add_argument("--seconds", type=int, default=4, help="length of each run (default 4)")
    parser.add_argument("--rounds", type=int, default=1, help="times that every run is repeated (default 1)")
    parser.add_argument("--users", type=int, default=10000, help="people registered before (default 10000)")
    parser.add_argument("--threads", type=int, default=1, help="threads of wrk (default 1)")
    parser.add_argument("--logout-tokens", type=int, default=20000,
                        help="most requests of a logout run (default 20000)")
    parser.add_argument("--fastapi-workers", type=int, default=4, help="of FastAPI on PostgreSQL (default 4)")
    parser.add_argument("--sqlite-peer-workers", type=int, default=1, help="processes of each SQLite peer (default 1)")
    parser.add_argument("--node", type=pathlib.Path, default=NODE, help="Node 22 (default build/node/bin/node)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure to a file, too")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs/performance.md, too")
    settings = parser.parse_args()
    settings.node = settings.node.absolute()  # servers run in their data folders
    settings.nginx_body = SAMPLE_ANSWER
    return settings


def run(settings):
    check_tools(settings.only, settings.node)
    raise_file_limit()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
        postgres = None
        if any(name.endswith("-postgres") for name in settings.only):
            postgres = stack.enter_context(Postgres(folder / "postgres"))
        lines = head(settings, folder, postgres)
        print("Kriya benchmark\n" + "\n".join(lines), flush=True)
        starts = start_times(folder, settings) if "kriya-sqlite" in settings.only else None
        servers = start_servers(stack, folder, postgres, settings)
        samples = take_turns(servers, settings)
        for name, server in servers.items():
            if name != "nginx":
                server.check_tokens()
    report(settings, lines, samples, starts)
    bad = [f"{route} on {name}" for routes in samples.values() for route in routes
           for name, runs in routes[route].items() if any(r["bad_status"] or r["socket_errors"] for r in runs)]
    if bad:
        raise Failure("answers other than 2xx, or lost connections, in: " + ", ".join(bad) + ": void")


if __name__ == "__main__":
    main(run, read_settings)
