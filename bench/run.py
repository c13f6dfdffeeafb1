#!/usr/bin/python3
"""Measures Kriya's sign-in API beside nginx and plain FastAPI and Fastify services: see bench/README.md.

Starts every server once, each with a data folder of its own, checks that all of them do the same thing, then drives
route after route with wrk, the servers taking turns, and prints one table a route, the ratios and the aims.
"""

import argparse
import collections
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
KRIYA = ROOT / "build/release/kriya"
NODE = ROOT / "build/node/bin/node"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's FastAPI; another may come first in PATH
PYTHON_PACKAGES = "python3-fastapi uvicorn python3-uvloop python3-httptools python3-jwt"
FASTIFY = BENCH / "peers/fastify"

JWT_SECRET = "benchmark-secret-of-more-than-32-bytes"
API_KEY = "benchmark-api-key-0123456789abcdef"
PREFIX = "kriya-bench-"

Route = collections.namedtuple("Route", "name title servers")
ALL = ("kriya", "nginx", "fastapi", "fastify")
SERVICES = ("kriya", "fastapi", "fastify")
ROUTES = {
    route.name: route
    for route in (
        Route("validate", "POST /api/auth/validate-token", ALL),
        Route("user", "GET /api/auth/user", SERVICES),
        Route("register", "POST /api/auth/register, new numbers", SERVICES),
        Route("logout", "DELETE /api/auth/logout, a new person each", SERVICES),
    )
}

# What nginx answers when kriya does not run beside it.
SAMPLE_USER = {
    "id": "0192f0c1-2b3c-7d4e-8f50-61728394a5b6",
    "phone_number": "+12000000001",
    "first_name": "Bench",
    "last_name": "User",
    "email": "bench1@example.com",
    "created_at": "2025-01-01T00:00:00Z",
}
SAMPLE_ANSWER = json.dumps({"valid": True, "user": SAMPLE_USER, "message": "Token is valid"}, separators=(",", ":"))


class Failure(Exception):
    """Ends the benchmark with one clear line."""


# ---- The machine ----------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tool(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise Failure(f"{name} is missing: apt-get install {name}")
    return found


def first_line_with(path, start):
    with open(path) as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(start)), "unknown")


def filesystem_of(path):
    mounts = [line.split()[1:3] for line in open("/proc/mounts")]
    return max((m for m in mounts if (path + "/").startswith(m[0].rstrip("/") + "/")), key=lambda m: len(m[0]))[1]


def process_tree(root):
    """Process ids of a process and all its descendants."""
    children = collections.defaultdict(list)
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{entry}/stat") as stat:
                children[int(stat.read().rpartition(")")[2].split()[1])].append(int(entry))
    tree = [root]
    for pid in tree:
        tree += children[pid]
    return tree


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            ticks += sum(map(int, stat.read().rpartition(")")[2].split()[11:13]))  # utime, stime
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pids):
    return sum(int(first_line_with(f"/proc/{pid}/status", "VmHWM").split()[0]) for pid in pids) / 1024


def forget_peak(pids):
    for pid in pids:
        with contextlib.suppress(OSError):  # then the peak is that of the process's life, which is no lower
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")


# ---- The servers ----------------------------------------------------------------------------------------------------


def kriya_command(server):
    if not KRIYA.exists():
        raise Failure("build/release/kriya is missing: run `make build`")
    server.environment.update(ENVIRONMENT="development", PHONE_VERIFICATION="off", RATE_LIMITS="off")
    return [KRIYA, "serve"]


def nginx_command(server):
    text = (BENCH / "peers/nginx.conf.in").read_text()
    for name, value in {"DIR": server.folder, "PORT": server.port, "BODY": server.settings.nginx_body}.items():
        text = text.replace(f"@{name}@", str(value))
    config = server.folder / "nginx.conf"
    config.write_text(text)
    return [tool("nginx"), "-p", server.folder, "-c", config]


def fastapi_command(server):
    uvicorn = [PYTHON, "-I", "-B", "-m", "uvicorn", "--app-dir", BENCH / "peers/fastapi", "app:app", "--no-access-log"]
    uvicorn += ["--log-level", "warning", "--loop", "uvloop", "--http", "httptools", "--host", "127.0.0.1"]
    return uvicorn + ["--port", server.port, "--workers", server.settings.peer_workers]


def fastify_command(server):
    server.environment["WORKERS"] = str(server.settings.peer_workers)
    return [server.settings.node, "--disable-warning=ExperimentalWarning", FASTIFY / "server.mjs"]


COMMANDS = {"kriya": kriya_command, "nginx": nginx_command, "fastapi": fastapi_command, "fastify": fastify_command}


def check_tools(settings):
    """Every missing tool is found before the first server starts."""
    tool("wrk")
    if "kriya" in settings.only and not os.access(KRIYA, os.X_OK):
        raise Failure("build/release/kriya is missing: run `make build`")
    if "nginx" in settings.only:
        tool("nginx")
    if "fastapi" in settings.only:
        imports = [PYTHON, "-I", "-c", "import fastapi, uvicorn, uvloop, httptools, jwt"]
        if subprocess.run(imports, stderr=subprocess.DEVNULL).returncode:
            raise Failure(f"Debian's FastAPI is missing: apt-get install {PYTHON_PACKAGES}")
    if "fastify" in settings.only:
        if not os.access(settings.node, os.X_OK):
            raise Failure(f"Node 22 is missing at {settings.node}: `make build` sets it up, or name one by --node")
        installed, wanted = FASTIFY / "node_modules/.package-lock.json", FASTIFY / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            say("installing fastify and jose ...")
            install = [tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            if subprocess.run(install, cwd=FASTIFY, stdout=sys.stderr).returncode:
                raise Failure("`npm ci` failed in bench/peers/fastify")


class Server:
    """One server under test: started on a free port of the loopback address with a data folder of its own."""

    def __init__(self, name, folder, settings):
        self.name, self.folder, self.settings = name, folder, settings
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "server.log"
        self.port = free_port()
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATA_DIR": str(folder),
            "JWT_SECRET_KEY": JWT_SECRET,
            "PLANE_API_KEY": API_KEY,
        }

    def __enter__(self):
        command = [str(part) for part in COMMANDS[self.name](self)]
        with open(self.log, "ab") as log:
            started = time.perf_counter()
            # In its data folder, so that no stray .env is read.
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        try:
            self.await_first_answer(started + 30)
        except BaseException:
            self.__exit__()
            raise
        self.start_milliseconds = (time.perf_counter() - started) * 1e3
        return self

    def await_first_answer(self, deadline):
        while time.perf_counter() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                        return
            except OSError:
                pass
            time.sleep(0.0005)
        tail = "\n  ".join(self.log.read_text(errors="replace").splitlines()[-15:])
        raise Failure(f"{self.name} did not start; its last lines:\n  {tail}")

    def __exit__(self, *_):
        for stop_signal in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
                break

    def ask(self, method, path, body=None, **headers):
        """One request; the status, the raw body and the body as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            if body is not None:
                body, headers["Content-Type"] = json.dumps(body), "application/json"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, raw, json.loads(raw)

    def check(self):
        """Fails unless the service does all its work, so that none is fast by doing less. Returns a validation's body."""

        def expect(what, good):
            if not good:
                raise Failure(f"{self.name} does not behave as the others: {what}")

        def validate(token, **headers):
            return self.ask("POST", "/api/auth/validate-token", {"token": token}, **headers)

        person = {"phone_number": "+1 (199) 000-0001", "first_name": "Bench", "last_name": "User",
                  "email": "Bench1@example.com"}
        status, _, answer = self.ask("POST", "/api/auth/register", person)
        expect(f"register answered {status}", status == 200 and answer["message"] == "Registration successful")
        token, user = answer["token"], answer["user"]
        expect("register's user", user["phone_number"] == "+11990000001" and user["email"] == "bench1@example.com")
        expect("register again", self.ask("POST", "/api/auth/register", person)[2]["message"] == "Login successful")
        status, _, _ = self.ask("POST", "/api/auth/register", {**person, "phone_number": "12"})
        expect(f"a bad number answered {status}", status in (400, 422))

        expect("no API key is 401", validate(token)[0] == 401)
        expect("a wrong API key is 403", validate(token, X_API_Key="wrong")[0] == 403)
        status, body, answer = validate(token, X_API_Key=API_KEY)
        expect("validate", status == 200 and answer == {"valid": True, "user": user, "message": "Token is valid"})
        refused = {"valid": False, "user": None, "message": "Invalid or expired token"}
        head, payload, signature = token.split(".")
        forged = f"{head}.{payload}.{('B' if signature[0] == 'A' else 'A') + signature[1:]}"
        expect("a forged token", validate(forged, X_API_Key=API_KEY)[2] == refused)

        bearer = {"Authorization": f"Bearer {token}"}
        expect("user", self.ask("GET", "/api/auth/user", **bearer)[2] == user)
        expect("logout", self.ask("DELETE", "/api/auth/logout", **bearer)[2]["success"] is True)
        expect("a revoked token validates", validate(token, X_API_Key=API_KEY)[2] == refused)
        expect("a revoked token reads the user", self.ask("GET", "/api/auth/user", **bearer)[0] == 401)
        return body.decode()

    def check_tokens(self):
        """After the load: the tokens it was made with are still good, so every answer was the whole work."""
        for token in self.tokens.read_text().split()[:: max(1, self.settings.users // 20)]:
            answer = self.ask("POST", "/api/auth/validate-token", {"token": token}, X_API_Key=API_KEY)[2]
            if not answer["valid"]:
                raise Failure(f"{self.name} refused a good token after the load")


# ---- The load -------------------------------------------------------------------------------------------------------

series = itertools.count(200)  # three digits of the phone numbers: no two runs register the same people


def drive(server, script, seconds, **script_settings):
    """One run of wrk; its figures and the server's."""
    settings = server.settings
    environment = {"PATH": os.environ["PATH"], "BENCH_API_KEY": API_KEY, "BENCH_THREADS": str(settings.threads)}
    environment |= {"BENCH_" + name.upper(): str(value) for name, value in script_settings.items()}
    command = [tool("wrk"), "-t", settings.threads, "-c", settings.connections, "-d", f"{seconds}s", "--timeout", "10s",
               "-s", BENCH / f"wrk/{script}.lua", f"http://127.0.0.1:{server.port}"]
    os.sync()  # what the previous run left to write is not this run's burden
    pids = process_tree(server.process.pid)
    forget_peak(pids)
    cpu_before, wrk_before = cpu_seconds(pids), resource.getrusage(resource.RUSAGE_CHILDREN)
    wrk = subprocess.run(list(map(str, command)), env=environment, stdin=subprocess.DEVNULL, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line for line in wrk.stdout.splitlines() if line.startswith("RESULT ")]
    if server.process.poll() is not None or not lines:
        raise Failure(f"{server.name} or wrk failed in {script}; wrk said:\n{wrk.stdout}")
    cpu, wrk_after = cpu_seconds(pids) - cpu_before, resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(lines[0].split(" ", 1)[1])
    wrk_cpu = sum(getattr(wrk_after, kind) - getattr(wrk_before, kind) for kind in ("ru_utime", "ru_stime"))
    result["per_second"] = result["requests"] / result["seconds"]
    result["cpu_us"] = cpu * 1e6 / max(1, result["requests"])
    result["peak_mb"] = peak_megabytes(pids)
    result["wrk_busy"] = wrk_cpu / result["seconds"]
    return result


def issue_tokens(server, file, count, seconds):
    """Registers up to `count` people, as many as fit into the time; their tokens go to the file."""
    drive(server, "issue", seconds, series=next(series), tokens=file, count=count)
    return file


def measure(server, route):
    settings = server.settings
    if route == "register":
        return drive(server, route, settings.seconds, series=next(series))
    if route == "logout":  # a logout costs about what a registration costs: half as long again yields enough tokens
        tokens = issue_tokens(server, server.folder / "logout", settings.logout_tokens, int(settings.seconds * 1.5 + 1))
        return drive(server, route, settings.seconds, tokens=tokens)
    return drive(server, route, settings.seconds, tokens=server.tokens)


def start_times(folder, settings, count=5):
    """Milliseconds from exec to the first 200 of /health/ready: on a new data folder, and on one that exists."""
    def start(name):
        with Server("kriya", folder / name, settings) as server:
            return server.start_milliseconds

    return {"new": [start(f"start-{i}") for i in range(count)], "again": [start("start-0") for _ in range(count)]}


# ---- The report -----------------------------------------------------------------------------------------------------


def say(text):
    print(text, file=sys.stderr, flush=True)


def summary_of(runs):
    """The median of each figure over the rounds; bad answers are added up."""
    result = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    for key in ("requests", "bad_status", "socket_errors"):
        result[key] = sum(run[key] for run in runs)
    return result


def against(mine, theirs, figure):
    """Kriya's figure as a multiple of another's, the median over the rounds (both ran side by side in each)."""
    return statistics.median(a[figure] / b[figure] for a, b in zip(mine, theirs) if b[figure])


def print_route(route, samples):
    print(f"\n{route.title}")
    print(f"  {'':8}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs/req':>12}{'peak MB':>9}{'wrk busy':>10}"
          f"{'non-2xx':>9}   kriya against it")
    for name, runs in samples.items():
        row = summary_of(runs)
        line = (f"  {name:8}{row['per_second']:>9,.0f}{row['p50_ms']:>9.2f}{row['p99_ms']:>9.2f}{row['cpu_us']:>12.1f}"
                f"{row['peak_mb']:>9.1f}{row['wrk_busy'] * 100:>8.0f} %{row['bad_status']:>9,}")
        if name != "kriya" and "kriya" in samples:
            faster, cpu = (against(samples["kriya"], runs, figure) for figure in ("per_second", "cpu_us"))
            line += f"   {faster:.2f} × the req/s, {f'1/{1 / cpu:.1f}' if cpu < 1 else f'{cpu:.1f} ×'} the CPU a request"
        if row["bad_status"] or row["socket_errors"]:
            line += f"   <<<<< BAD: {row['bad_status']:,} non-2xx, {row['socket_errors']:,} socket errors"
        print(line)


def aims(samples, starts):
    """What the project aims at: text, bound, measured value or None, whether it must stay below, how to print it."""
    validate = samples.get("validate", {})
    kriya = validate.get("kriya")

    def times(peer):
        return against(kriya, validate[peer], "per_second") if kriya and peer in validate else None

    peaks = [run["peak_mb"] for route in samples.values() for run in route.get("kriya", [])]
    return [
        ("validate-token, server CPU a request", 20, summary_of(kriya)["cpu_us"] if kriya else None, True, "{:.1f} µs"),
        ("validate-token, throughput against nginx", 0.60, times("nginx"), False, "{:.0%}"),
        ("validate-token, throughput against FastAPI", 30, times("fastapi"), False, "{:.1f} ×"),
        ("validate-token, throughput against Fastify", 25, times("fastify"), False, "{:.1f} ×"),
        ("resident memory at its peak, any route", 40, max(peaks, default=None), True, "{:.1f} MB"),
        ("start to first answer, new data folder", 100, statistics.median(starts["new"]) if starts else None, True,
         "{:.0f} ms"),
    ]


def print_aims(rows):
    print(f"\n{'Aim':46}{'bound':>12}{'measured':>12}")
    for text, bound, value, below, form in rows:
        measured = "-" if value is None else form.format(value)
        if value is None:
            verdict = "not measured"
        else:
            verdict = "met" if (value <= bound if below else value >= bound) else "NOT MET"
        print(f"{text:46}{('≤ ' if below else '≥ ') + form.format(bound):>12}{measured:>12}   {verdict}")


def print_head(settings, folder):
    disk = filesystem_of(str(folder))
    print(f"Kriya benchmark, {time.strftime('%Y-%m-%d %H:%M %Z')}")
    print(f"{os.cpu_count()} cores ({first_line_with('/proc/cpuinfo', 'model name')}), Linux {os.uname().release}, "
          f"data on {disk}, load average before: {os.getloadavg()[0]:.2f}")
    print(f"wrk with {settings.threads} thread(s) and {settings.connections} keep-alive connections on the same cores, "
          f"{settings.seconds} s a run, rounds: {settings.rounds}, people: {settings.users:,}, "
          f"processes of FastAPI and Fastify: {settings.peer_workers} each")
    if disk in ("tmpfs", "ramfs"):
        print("NOTE: the data lies in memory: durable writes cost nothing here. Set TMPDIR to a folder on a disk.")
    sys.stdout.flush()


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])

    def names(known):
        def chosen(text):
            if unknown := set(text.split(",")) - set(known):
                parser.error(f"unknown: {', '.join(unknown)}; choose among {','.join(known)}")
            return [name for name in known if name in text.split(",")]

        return chosen

    parser.add_argument("--only", type=names(ALL), default=list(ALL), metavar="A,B", help=f"servers: {','.join(ALL)}")
    parser.add_argument("--routes", type=names(ROUTES), default=list(ROUTES), metavar="A,B",
                        help=f"routes: {','.join(ROUTES)}")
    parser.add_argument("--seconds", type=int, default=8, help="length of each run (default 8)")
    parser.add_argument("--rounds", type=int, default=1, help="times that every run is repeated (default 1)")
    parser.add_argument("--users", type=int, default=2000, help="people registered before (default 2000)")
    parser.add_argument("--connections", type=int, default=64, help="keep-alive connections (default 64)")
    parser.add_argument("--threads", type=int, default=1, help="threads of wrk (default 1)")
    parser.add_argument("--logout-tokens", type=int, default=20000, help="most requests of a logout run (default 20000)")
    parser.add_argument("--peer-workers", type=int, default=1, help="processes of FastAPI and Fastify (default 1)")
    parser.add_argument("--node", type=pathlib.Path, default=NODE, help="Node 22 (default build/node/bin/node)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure to a file, too")
    settings = parser.parse_args()
    settings.node = settings.node.absolute()  # servers run in their data folders
    settings.nginx_body = SAMPLE_ANSWER
    return settings


def run(settings):
    check_tools(settings)
    samples = {route: {} for route in settings.routes}
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
        print_head(settings, folder)
        starts = start_times(folder, settings) if "kriya" in settings.only else None

        servers = {}
        tokens = folder / "tokens"  # nginx gets another's: it reads none
        tokens.write_text(f"{'x' * 500}\n" * settings.users)
        for name in sorted(settings.only, key="nginx".__eq__):  # nginx last: it copies kriya's answer
            say(f"{name}: starting")
            server = servers[name] = stack.enter_context(Server(name, folder / name, settings))
            if name != "nginx":
                body = server.check()
                settings.nginx_body = body if name == "kriya" else settings.nginx_body
                tokens = issue_tokens(server, server.folder / "tokens", settings.users, 120)
            server.tokens = tokens

        for number in range(settings.rounds):
            for route in settings.routes:
                for name in (name for name in settings.only if name in ROUTES[route].servers):
                    say(f"round {number + 1}: {route} on {name}")
                    if number == 0 and route in ("validate", "user"):  # just-in-time compilers and caches warm up
                        drive(servers[name], route, 1, tokens=servers[name].tokens)
                    samples[route].setdefault(name, []).append(measure(servers[name], route))
        for name in servers:
            if name != "nginx":
                servers[name].check_tokens()

    for route in settings.routes:
        if samples[route]:
            print_route(ROUTES[route], samples[route])
    if starts:
        new, again = (statistics.median(starts[kind]) for kind in ("new", "again"))
        print(f"\nkriya, start to first answer (median of {len(starts['new'])}): {new:.0f} ms with a new data folder, "
              f"{again:.0f} ms with an existing one")
    if "kriya" in settings.only:
        print_aims(aims(samples, starts))
    if settings.json:
        report = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(),
                  "settings": {k: str(v) for k, v in vars(settings).items()}, "samples": samples, "start_ms": starts,
                  "aims": [{"aim": a, "bound": b, "measured": v} for a, b, v, _, _ in aims(samples, starts)]}
        settings.json.write_text(json.dumps(report, indent=2) + "\n")
    bad = [f"{route} on {name}" for route in samples for name, runs in samples[route].items()
           if any(r["bad_status"] or r["socket_errors"] for r in runs)]
    if bad:
        raise Failure("answers other than 2xx, or lost connections, in: " + ", ".join(bad) + ": void")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))  # as an exception: the servers are stopped
    try:
        run(read_settings())
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")
