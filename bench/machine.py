"""What the benchmarks ask of the machine: ports, tools, the CPU and memory of processes, facts for a report's head."""

import collections
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time


class Failure(Exception):
    """Ends a benchmark with one clear line."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tool(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise Failure(f"{name} is missing: apt-get install {name}")
    return found


def raise_file_limit():
    """Thousands of connections need as many file descriptors; what this process may have, its children inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


# ---- Processes ------------------------------------------------------------------------------------------------------


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


def cpu_seconds(root, of_threads=True):
    """User and system time of a process tree since it began, with that of children that have ended.

    The kernel tells a process's time in ticks of 10 ms, which is coarse where dozens of processes share a short run.
    For a tree without threads (`of_threads=False`) the scheduler's nanoseconds are read instead.
    """
    seconds = 0
    for pid in process_tree(root):
        with contextlib.suppress(OSError):  # one that ended just now counts as its parent's
            with open(f"/proc/{pid}/stat") as stat:
                own_user, own_system, *ended = map(int, stat.read().rpartition(")")[2].split()[11:15])
            own = (own_user + own_system) / os.sysconf("SC_CLK_TCK")
            if not of_threads:
                with open(f"/proc/{pid}/schedstat") as schedstat:
                    own = int(schedstat.read().split()[0]) / 1e9
            seconds += own + sum(ended) / os.sysconf("SC_CLK_TCK")
    return seconds


def megabytes(root, kind):
    """Memory of a process tree, summed.

    VmHWM: peak resident, VmRSS: resident now; both count a page that processes share once for each. Pss: now, each
    sharer counts its share, so the sum is what the tree really holds; Pss_Anon: of that what is no file's and no shared
    memory.
    """
    kilobytes = 0
    for pid in process_tree(root):
        with contextlib.suppress(OSError):  # ended meanwhile
            path = f"/proc/{pid}/{'smaps_rollup' if kind.startswith('Pss') else 'status'}"
            value = first_line_with(path, kind + ":")
            kilobytes += int(value.split()[0]) if value != "unknown" else 0
    return kilobytes / 1024


def forget_peak(root):
    for pid in process_tree(root):
        with contextlib.suppress(OSError):  # then the peak is that of the process's life, which is no lower
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")


# ---- Facts ----------------------------------------------------------------------------------------------------------


def first_line_with(path, start):
    with open(path) as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(start)), "unknown")


def filesystem_of(path):
    mounts = [line.split()[1:3] for line in open("/proc/mounts")]
    return max((m for m in mounts if (path + "/").startswith(m[0].rstrip("/") + "/")), key=lambda m: len(m[0]))[1]


def version_of(*command):
    """The first line that a program says about its version; "missing" when it does not run."""
    try:
        said = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError:
        return "missing"
    return next((line.strip() for line in said.stdout.splitlines() if line.strip()), "unknown")


def facts(folder):
    """What must stand beside a figure, in words."""
    memory = int(first_line_with("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    return [
        f"{os.cpu_count()} cores ({first_line_with('/proc/cpuinfo', 'model name')}), {memory:.0f} GB, "
        f"Linux {os.uname().release}, data on {filesystem_of(str(folder))}",
        f"{time.strftime('%Y-%m-%d %H:%M %Z')}, load average before: {os.getloadavg()[0]:.2f}",
    ]


def main(run, read_settings):
    """Runs a benchmark from the command line: whatever ends it, its servers are stopped and it says why in one line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))  # as an exception
    try:
        run(read_settings())
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")
