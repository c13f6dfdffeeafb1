#!/usr/bin/python3
"""Measures how the cost of Kriya's validate-token grows with users, threads and connections: see bench/README.md.

On PostgreSQL and SQLite, people made by SQL in Kriya's own tables; prints a table and, with --docs, puts it with two
charts into docs/performance.md.
"""

import argparse
import contextlib
import json
import pathlib
import tempfile
import types

import document
from load import drive
from machine import facts, Failure, main, raise_file_limit, say, version_of
from people import add_to_postgres, add_to_sqlite, write_tokens
from plot import Line, Panel, chart
from postgres import Postgres
from servers import Server, check_tools

ENGINES = ("postgres", "sqlite")
TITLES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}
MOST_FIGURES = ("per_second", "p50_ms", "p99_ms", "cpu_us", "database_us", "queries", "peak_mb", "database_mb")
SERVER_COLOR = {"postgres": "#1f5fa8", "sqlite": "#b3541e"}
DATABASE_COLOR = "#5b8f3c"


# ---- The runs -------------------------------------------------------------------------------------------------------


class Store:
    """A database of Kriya that grows from size to size; every server of this engine works on it."""

    def __init__(self, engine, folder, postgres):
        self.engine, self.folder, self.people = engine, folder, 0
        self.postgres = postgres if engine == "postgres" else None
        if self.postgres:
            self.postgres.create("kriya")
        self.server(1).kriya("migrate")

    def server(self, workers):
        return Server(f"kriya-{self.engine}", self.folder, types.SimpleNamespace(), self.postgres, "kriya",
                      WORKERS=str(workers))

    def grow_to(self, people):
        say(f"{TITLES[self.engine]}: {people:,} users")
        if self.postgres:
            add_to_postgres(self.postgres, "kriya", self.people + 1, people)
        else:
            add_to_sqlite(self.folder / "kriya.db", self.people + 1, people)
        self.people = people


def measure(store, workers, tokens, settings):
    """Figures for each number of connections, by one server that is started for them."""
    with store.server(workers) as server:
        server.tokens = tokens
        server.check_tokens()
        drive(server, "validate", 1, settings.connections[0], tokens=tokens)  # caches warm up
        for connections in settings.connections:
            say(f"  {store.people:,} users, {workers} thread(s), {connections} connections")
            yield connections, drive(server, "validate", settings.seconds, connections, settings.wrk_threads,
                                     tokens=tokens)
        server.check_tokens()


def all_runs(folder, postgres, settings):
    stores = [Store(engine, folder / engine, postgres) for engine in settings.engines]
    for people in settings.users:
        tokens = write_tokens(folder / "tokens", people, settings.sample)
        for store in stores:
            store.grow_to(people)
            for workers in settings.threads:
                for connections, figures in measure(store, workers, tokens, settings):
                    yield {"engine": store.engine, "users": people, "threads": workers, "connections": connections,
                           **figures}


# ---- The report -----------------------------------------------------------------------------------------------------


HEADINGS = ["database", "users", "threads", "connections", "req/s", "p50 ms", "p99 ms", "server µs", "database µs",
            "SQL/1,000", "server MB", "database MB"]


def cells(row):
    forms = [",.0f", ".2f", ".2f", ".1f", ".1f", ",.0f", ".0f", ".0f"]
    return [TITLES[row["engine"]], f"{row['users']:,}", row["threads"], f"{row['connections']:,}",
            *("-" if row[key] is None else format(row[key], form) for key, form in zip(MOST_FIGURES, forms))]


def line_of(rows, x, figure, label, color, dashed=False, **chosen):
    points = [(row[x], row[figure]) for row in rows
              if all(row[key] == value for key, value in chosen.items()) and row[figure] is not None]
    return Line(label, points, color, dashed)


def panels(rows, settings, x, fixed, where):
    """CPU and throughput over x, which is "users" or "connections"; `fixed` holds the other."""
    most = settings.threads[-1]
    cost, speed = [], []
    for engine in settings.engines:
        title, color = TITLES[engine], SERVER_COLOR[engine]
        chosen = {"engine": engine, **fixed}
        cost.append(line_of(rows, x, "cpu_us", f"{title}: server", color, threads=most, **chosen))
        if engine == "postgres":
            cost.append(line_of(rows, x, "database_us", f"{title}: database", DATABASE_COLOR, threads=most, **chosen))
        for threads in settings.threads:
            words = f"{title}, {threads} thread{'s' if threads > 1 else ''}"
            speed.append(line_of(rows, x, "per_second", words, color, threads != most, threads=threads, **chosen))
    label = f"{x} ({where})"
    return [Panel(f"validate: CPU µs a request, {most} thread{'s' if most > 1 else ''}", label, cost),
            Panel("validate: requests a second", label, speed)]


def write_document(settings, lines, rows):
    few, users = settings.connections[0], settings.users[len(settings.users) // 2]
    charts = {
        "users": panels(rows, settings, "users", {"connections": few}, f"{few} connections"),
        "connections": panels(rows, settings, "connections", {"users": users}, f"{users:,} users"),
    }
    for name, its in charts.items():
        (document.DOCS / f"performance-{name}.svg").write_text(chart(its))
    short = [cells(row) for row in rows if row["connections"] == few and row["threads"] == settings.threads[-1]]
    document.replace("growth", "\n\n".join([
        "\n".join(f"- {line}" for line in lines),
        "![CPU and throughput against the number of users](performance-users.svg)",
        "![CPU and throughput against the number of connections](performance-connections.svg)",
        document.table(HEADINGS, short),
        "<details><summary>Every combination</summary>",
        document.table(HEADINGS, map(cells, rows)),
        "</details>"]))


def print_row(row):
    print("".join(f"{cell:>{max(len(heading), 10) + 2}}" for cell, heading in zip(map(str, cells(row)), HEADINGS)),
          flush=True)


# ---- The program ----------------------------------------------------------------------------------------------------


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])

    def numbers(text):
        return sorted(int(number) for number in text.split(","))

    def engines(text):
        if unknown := set(text.split(",")) - set(ENGINES):
            parser.error(f"unknown: {', '.join(sorted(unknown))}; choose among {','.join(ENGINES)}")
        return [engine for engine in ENGINES if engine in text.split(",")]

    parser.add_argument("--engines", type=engines, default=list(ENGINES), metavar="A,B", help="postgres,sqlite")
    parser.add_argument("--users", type=numbers, default=[10**3, 10**5, 10**6], metavar="A,B",
                        help="(default 1000,100000,1000000)")
    parser.add_argument("--threads", type=numbers, default=[1, 2], metavar="A,B", help="of kriya (default 1,2)")
    parser.add_argument("--connections", type=numbers, default=[64, 256, 1024, 2048], metavar="A,B",
                        help="(default 64,256,1024,2048)")
    parser.add_argument("--seconds", type=int, default=5, help="length of each run (default 5)")
    parser.add_argument("--sample", type=int, default=10000, help="users whose tokens are sent (default 10000)")
    parser.add_argument("--wrk-threads", type=int, default=1, help="(default 1)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure to a file, too")
    parser.add_argument("--docs", action="store_true", help="put table and charts into docs/performance.md")
    return parser.parse_args()


def run(settings):
    check_tools([f"kriya-{engine}" for engine in settings.engines])
    raise_file_limit()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kriya-bench-")))
        postgres = stack.enter_context(Postgres(folder / "server")) if "postgres" in settings.engines else None
        lines = facts(folder) + [f"{version_of('wrk', '-v').split(' Copyright')[0]}, {settings.wrk_threads} thread(s), "
                                 f"on the same cores; {settings.seconds} s a run, tokens of {settings.sample:,} users"]
        lines += [postgres.about()] if postgres else []
        print("How the cost of validate grows\n" + "\n".join(lines))
        print("".join(f"{heading:>{max(len(heading), 10) + 2}}" for heading in HEADINGS), flush=True)
        rows = []
        for row in all_runs(folder, postgres, settings):
            rows.append(row)
            print_row(row)
    if settings.json:
        settings.json.write_text(json.dumps({"machine": lines, "rows": rows}, indent=2) + "\n")
    if any(row["bad_status"] or row["socket_errors"] for row in rows):
        raise Failure("answers other than 2xx, or lost connections: void")
    if settings.docs:
        write_document(settings, lines, rows)
        say("docs/performance.md and its charts are written")


if __name__ == "__main__":
    main(run, read_settings)
