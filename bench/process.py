"""Servers as processes: started on one core, guarded against strangers on their port, measured, ended."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Debian keeps servers out of an ordinary user's PATH.
PROGRAM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Invalid(Exception):
    """What was measured would mean nothing; the message says why."""


def program(name: str) -> str:
    """The path of an installed program."""
    path = shutil.which(name, path=PROGRAM_PATH)
    if path is None:
        raise Invalid(f"{name} is not installed: run bench/install-peers.sh")
    return path


def postgres_program(name: str) -> str:
    """The path of one of PostgreSQL's programs, of the newest version that is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return str(installed[-1]) if installed else program(name)


def allow_many_files() -> None:
    """Raises the soft limit of open files to the hard one, for this process and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listeners(port: int) -> list[int]:
    """The processes that listen on a TCP port; 0 stands for one that is not ours to see."""
    pids = []
    output = subprocess.run([program("ss"), "-ltnpH", f"sport = :{port}"], capture_output=True, text=True, check=True)
    for line in output.stdout.splitlines():
        pids += [int(pid) for pid in re.findall(r"pid=(\d+)", line)] or [0]
    return pids


def require_free(port: int) -> None:
    """Refuses a port that somebody listens on."""
    if pids := listeners(port):
        raise Invalid(f"port {port} is in use by another process: {pids}")


def require_mine(port: int, pids: list[int]) -> None:
    """Refuses a port that anybody but these processes listens on."""
    found = listeners(port)
    if not found:
        raise Invalid(f"nobody listens on port {port}")
    # By descent: a server may have forked a worker since its processes were counted.
    if strangers := [pid for pid in found if not _descends(pid, pids)]:
        raise Invalid(f"somebody else listens on port {port}: {strangers}")


def _descends(pid: int, ancestors: list[int]) -> bool:
    """Whether a process is one of these, or a child's child of one."""
    while pid > 1 and pid not in ancestors:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                pid = int(file.read().rsplit(")", 1)[1].split()[1])
        except FileNotFoundError:
            return True
    return pid > 1


def tree(pid: int) -> list[int]:
    """A process and everything that it started and that still belongs to it."""
    pids = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                pids += tree(int(child))
    except FileNotFoundError:
        pass
    return pids


def cpu_seconds(pids: list[int]) -> float:
    """User and system time that processes have used so far."""
    ticks = 0
    for pid in pids:
        # The name in parentheses may hold anything; utime and stime are fields 14 and 15 of proc(5).
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def pss_kib(pids: list[int]) -> int:
    """Proportional resident set: a page that processes share counts once in all."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE).group(1))
    return total


def pin(pid: int, core: int) -> None:
    """Moves every thread of one process, and only of that one, to a core."""
    while strays := [thread for thread in threads(pid) if os.sched_getaffinity(thread) != {core}]:
        for thread in strays:
            os.sched_setaffinity(thread, {core})


def threads(pid: int) -> list[int]:
    """The threads of a process."""
    return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]


def stop(process: subprocess.Popen, patience_s: float = 10) -> None:
    """Ends a process politely, then, when it does not listen, with everything it started."""
    if process.poll() is not None:
        return
    pids = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        for pid in reversed(pids):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()


class Server:
    """A server of ours on one port and one core; a context manager that ends it."""

    def __init__(self, name: str, command: list[str], port: int, core: int, log: Path, cwd: Path):
        self.name = name
        self.port = port
        require_free(port)
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [program("taskset"), "-c", str(core), *command], stdout=output, stderr=subprocess.STDOUT, cwd=cwd
            )
        try:
            self._wait_until_listening(log)
            require_mine(port, self.pids)
        except BaseException:
            stop(self.process)
            raise

    @property
    def pids(self) -> list[int]:
        """The server's processes."""
        return tree(self.process.pid)

    def _wait_until_listening(self, log: Path, patience_s: float = 30) -> None:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Invalid(f"{self.name} ended at once: {log.read_text(errors='replace')[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise Invalid(f"{self.name} does not listen on port {self.port} after {patience_s} s")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        stop(self.process)
