#!/usr/bin/python3
"""Measures MCP's tools/call of the tool `add`, beside the official TypeScript SDKs in the same run, in turns.

Kriya checks a token, looks its session up and keeps the log of tool calls, on SQLite; the SDKs do none of that. Each
SDK is driven in the era that it was made for, Kriya in both.
"""

import argparse
import contextlib
import http.client
import json
import pathlib
import statistics
import tempfile
import types

import servers
from load import drive
from machine import facts, Failure, main, raise_file_limit, say
from servers import BENCH, NODE, Server, check_tools

PEER = BENCH / "peers/mcp"
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1.0.0"},
}

for version in ("v1", "v2"):
    servers.COMMANDS[f"sdk-{version}"] = lambda server: [NODE, PEER / "server.mjs"]


def call(server, era, message, **headers):
    """One JSON-RPC message; status, headers and answer."""

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {name.replace("_", "-"): value for name, value in headers.items() if value}
    headers |= {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    headers["MCP-Protocol-Version"] = "2026-07-28" if era == "modern" else "2025-11-25"
    with contextlib.closing(connection):
        connection.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", **message}), headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def sign_in(server):
    """A person's token and a session of the legacy era, as the load needs them."""
    person = {"phone_number": "+12000000001", "first_name": "Bench"}
    token = server.ask("POST", "/api/auth/register", person)[2]["token"]
    hello = {"id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1.0.0"}}}
    status, headers, body = call(server, "legacy", hello, Authorization=f"Bearer {token}")
    if status != 200:
        raise Failure(f"initialize answered {status}: {body.decode()}")
    session = headers["Mcp-Session-Id"]
    call(server, "legacy", {"method": "notifications/initialized"}, Authorization=f"Bearer {token}",
         Mcp_Session_Id=session)
    return {"token": token, "session": session}


def check(server, era, settings):
    """It gives 8, so that nobody is fast by giving less."""
    params = {"name": "add", "arguments": {"a": 5, "b": 3}}
    headers = {}
    if era == "modern":
        params["_meta"] = MODERN_META
        headers = {"Mcp_Method": "tools/call", "Mcp_Name": "add"}
    token = settings.get("token")
    status, _, body = call(server, era, {"id": 1, "method": "tools/call", "params": params},
                           Authorization=token and f"Bearer {token}", Mcp_Session_Id=settings.get("session"), **headers)
    if status != 200 or json.loads(body)["result"]["content"][0]["text"] != "8":
        raise Failure(f"{server.name} ({era}) answered {status}: {body.decode()}")


def run(settings):
    check_tools(["kriya-sqlite"])
    if not (PEER / "node_modules").exists():
        raise Failure("`npm ci` is to be run in bench/peers/mcp; `make bench-mcp` does it")
    raise_file_limit()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kriya-bench-")))
        print("\n".join(facts(folder)), flush=True)
        plain = types.SimpleNamespace()
        kriya = stack.enter_context(Server("kriya-sqlite", folder / "kriya", plain))
        contestants = {"Kriya, 2026-07-28": (kriya, "modern"), "Kriya, 2025-11-25": (kriya, "legacy")}
        for name, era in (("v2", "modern"), ("v1", "legacy")):
            server = stack.enter_context(Server(f"sdk-{name}", folder / name, plain, SDK=name))
            contestants[f"TypeScript SDK {name}"] = (server, era)
        known = sign_in(kriya)
        figures = {name: [] for name in contestants}
        for number in range(settings.rounds):
            for name, (server, era) in contestants.items():
                say(f"round {number + 1}: {name}")
                how = {"era": era}
                if server is kriya:
                    how["token"] = known["token"]
                    if era == "legacy":
                        how["session"] = known["session"]
                check(server, era, how)
                figures[name].append(drive(server, "add", settings.seconds, settings.connections, **how))
        show(figures)


def show(figures):
    for name, runs in figures.items():
        line = f"  {name:20}"
        for key, form in (("per_second", "{:>9,.0f} req/s"), ("p50_ms", "  p50 {:>8.2f} ms"),
                          ("p99_ms", "  p99 {:>8.2f} ms"), ("cpu_us", "  server {:>7.1f} µs"),
                          ("peak_mb", "  {:>5.0f} MB")):
            line += form.format(statistics.median(run[key] for run in runs))
        bad = sum(run["bad_status"] + run["socket_errors"] for run in runs)
        print(line + (f"   <<<<< {bad:,} bad answers" if bad else ""))
        if bad and name.startswith("Kriya"):
            raise Failure("answers other than 2xx: void")

    def rate(name, number):
        return figures[name][number]["per_second"]

    peers = [name for name in figures if name.startswith("TypeScript")]
    for name in (name for name in figures if name.startswith("Kriya")):
        ratios = [rate(name, number) / max(rate(peer, number) for peer in peers)
                  for number in range(len(figures[name]))]
        print(f"  {name} has {statistics.median(ratios):.1f} × the req/s of the better SDK", flush=True)


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--connections", type=int, default=64, help="(default 64)")
    parser.add_argument("--seconds", type=int, default=5, help="of a turn (default 5)")
    parser.add_argument("--rounds", type=int, default=3, help="(default 3)")
    return parser.parse_args()


if __name__ == "__main__":
    main(run, read_settings)
