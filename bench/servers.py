"""The servers under test: how each is started, that it is there, and that it does the same as the others."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

from machine import Failure, free_port, say, tool
from postgres import is_installed

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
KRIYA = ROOT / "build/release/kriya"
NODE = ROOT / "build/node/bin/node"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's FastAPI; another may come first in PATH
PYTHON_PACKAGES = "python3-fastapi uvicorn python3-uvloop python3-httptools python3-jwt python3-asyncpg"
FASTIFY = BENCH / "peers/fastify"

JWT_SECRET = "benchmark-secret-of-more-than-32-bytes"
API_KEY = "benchmark-api-key-0123456789abcdef"
PUBLIC_URL = "http://localhost"  # the audience of every token

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


# ---- How each is started --------------------------------------------------------------------------------------------


def kriya_command(server):
    return [KRIYA, "serve"]


def nginx_command(server):
    text = (BENCH / "peers/nginx.conf.in").read_text()
    for name, value in {"DIR": server.folder, "PORT": server.port, "BODY": server.settings.nginx_body}.items():
        text = text.replace(f"@{name}@", str(value))
    config = server.folder / "nginx.conf"
    config.write_text(text)
    return [tool("nginx"), "-p", server.folder, "-c", config]


def uvicorn(server, module, workers):
    command = [PYTHON, "-I", "-B", "-m", "uvicorn", "--app-dir", BENCH / "peers/fastapi", f"{module}:app"]
    command += ["--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
    return command + ["--host", "127.0.0.1", "--port", server.port, "--workers", workers]


def fastapi_sqlite_command(server):
    return uvicorn(server, "on_sqlite", server.settings.sqlite_peer_workers)


def fastapi_postgres_command(server):
    return uvicorn(server, "on_postgres", server.settings.fastapi_workers)


def fastify(server, workers):
    server.environment["WORKERS"] = str(workers)
    return [server.settings.node, "--disable-warning=ExperimentalWarning", FASTIFY / "server.mjs"]


def fastify_sqlite_command(server):
    return fastify(server, server.settings.sqlite_peer_workers)


def fastify_postgres_command(server):
    return fastify(server, 1)


def fastify_cluster_command(server):
    return fastify(server, max(2, os.cpu_count()))


COMMANDS = {
    "kriya-postgres": kriya_command,
    "fastapi-postgres": fastapi_postgres_command,
    "fastify-postgres": fastify_postgres_command,
    "fastify-cluster-postgres": fastify_cluster_command,
    "kriya-sqlite": kriya_command,
    "fastapi-sqlite": fastapi_sqlite_command,
    "fastify-sqlite": fastify_sqlite_command,
    "nginx": nginx_command,
}


def check_tools(names, node=NODE):
    """Every missing tool is found before the first server starts."""
    tool("wrk")
    tool("setpriv")
    wanted = " ".join(names)
    if "kriya" in wanted and not os.access(KRIYA, os.X_OK):
        raise Failure("build/release/kriya is missing: run `make build`")
    if "postgres" in wanted and not is_installed():
        raise Failure("PostgreSQL is missing: apt-get install postgresql-15")
    if "nginx" in wanted:
        tool("nginx")
    if "fastapi" in wanted:
        imports = [PYTHON, "-I", "-c", "import fastapi, uvicorn, uvloop, httptools, jwt, asyncpg"]
        if subprocess.run(imports, stderr=subprocess.DEVNULL).returncode:
            raise Failure(f"Debian's FastAPI is missing: apt-get install {PYTHON_PACKAGES}")
    if "fastify" in wanted:
        if not os.access(node, os.X_OK):
            raise Failure(f"Node 22 is missing at {node}: `make build` sets it up, or name one by --node")
        installed, lock = FASTIFY / "node_modules/.package-lock.json", FASTIFY / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            say("installing fastify, jose and pg ...")
            install = [tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            if subprocess.run(install, cwd=FASTIFY, stdout=sys.stderr).returncode:
                raise Failure("`npm ci` failed in bench/peers/fastify")


# ---- One that runs --------------------------------------------------------------------------------------------------


class Server:
    """One server under test, on a free port of the loopback address with a data folder of its own.

    `name` is one of COMMANDS. With `postgres` its data is in a database of its own on that server, else in the folder.
    """

    def __init__(self, name, folder, settings, postgres=None, database=None, **environment):
        self.name, self.folder, self.settings, self.postgres = name, folder, settings, postgres
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
            "PUBLIC_URL": PUBLIC_URL,
        }
        if postgres:
            self.environment["DATABASE_URL"] = postgres.url_of(database or name)
        if name.startswith("kriya"):
            self.environment.update(ENVIRONMENT="development", PHONE_VERIFICATION="off", RATE_LIMITS="off",
                                    MAX_CONNECTIONS_PER_ADDRESS="10000")
        self.environment.update(environment)

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

    def kriya(self, *arguments):
        """Runs a sub-command of kriya with this server's configuration."""
        done = subprocess.run([KRIYA, *arguments], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise Failure(f"kriya {' '.join(arguments)} on {self.name}: {done.stdout.strip()}")

    def ask(self, method, path, body=None, **headers):
        """One request; the status, the raw body and the body as JSON (None when it is none)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            if body is not None:
                body, headers["Content-Type"] = json.dumps(body), "application/json"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            raw = answer.read()
            is_json = "json" in answer.getheader("Content-Type", "")
            return answer.status, raw, json.loads(raw) if is_json else None

    def counter(self, name):
        """A counter of kriya's /metrics, all its labels added up; None where there is no such counter."""
        if not self.name.startswith("kriya"):
            return None
        text = self.ask("GET", "/metrics")[1].decode()
        values = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)", text, re.MULTILINE)
        return sum(map(float, values)) if values else None

    def check(self):
        """Does what the others do, so that nobody is fast by doing less. Returns a validation's body."""

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
        """The tokens that load is made with are good, so every answer is the whole work."""
        tokens = self.tokens.read_text().split()
        for token in tokens[:: max(1, len(tokens) // 20)]:
            answer = self.ask("POST", "/api/auth/validate-token", {"token": token}, X_API_Key=API_KEY)[2]
            if not answer["valid"]:
                raise Failure(f"{self.name} refused a good token")
