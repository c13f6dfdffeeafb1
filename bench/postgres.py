"""One PostgreSQL server for a benchmark, with a database for each service, set as in production where it matters."""

import pathlib
import subprocess
import urllib.parse

from machine import Failure, cpu_seconds, megabytes, version_of

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "tests/support/postgres_server.sh"

# Durable: an answer leaves after its commit is on disk. The rest is PostgreSQL's default.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "shared_buffers": "256MB",
    "max_connections": "200",
}


class Postgres:
    """A server in a folder of its own on a free port of the loopback address; gone with its data at the end."""

    def __init__(self, folder, **settings):
        self.folder, self.settings = folder, SETTINGS | settings

    def __enter__(self):
        folder = self.folder
        for parent in folder.parents:  # run by root, the server is another user, who must reach its folder
            if parent.stat().st_mode & 0o777 == 0o700:
                parent.chmod(0o711)
        command = [SCRIPT, "start", folder, *(f"{name}={value}" for name, value in self.settings.items())]
        started = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if started.returncode:
            self.__exit__()
            raise Failure(f"PostgreSQL did not start: {started.stderr.strip()}")
        self.url = started.stdout.strip()
        self.pid = int((folder / "data/postmaster.pid").read_text().split()[0])
        return self

    def __exit__(self, *_):
        subprocess.run([SCRIPT, "remove", self.folder])

    def url_of(self, database):
        return urllib.parse.urlsplit(self.url)._replace(path="/" + database).geturl()

    def run(self, sql, database="postgres"):
        """Runs statements by psql, one by one unless they bring a transaction; their output as text."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url_of(database)]
        done = subprocess.run(command, input=sql, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def create(self, database):
        self.run(f'CREATE DATABASE "{database}"')
        return self.url_of(database)

    def settle(self):
        """What earlier runs left to write is not the next run's burden."""
        self.run("CHECKPOINT")

    def cpu_seconds(self):
        """Of the postmaster and all that it ever started: backends, checkpointer, walwriter, autovacuum."""
        return cpu_seconds(self.pid, of_threads=False)

    def megabytes(self, kind="Pss"):
        return megabytes(self.pid, kind)

    def about(self):
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"PostgreSQL {self.run('SHOW server_version').split()[0]} ({settings})"


def is_installed():
    server = any(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return server and version_of("psql", "--version") != "missing"
