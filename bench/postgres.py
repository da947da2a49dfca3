"""A private PostgreSQL on a loopback port for as long as a measurement lasts."""

import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import places
from process import Invalid, postgres_program, require_free, require_mine, stop, tree

ROLE = DATABASE = "gatewright"


class Postgres:
    """A cluster with PostgreSQL's default durability; a context manager that ends and removes it.

    Anybody on this machine may sign in while it runs: it holds nothing but the bench's own rows.
    """

    def __init__(self, port: int):
        require_free(port)
        self.port = port
        self.user = _unprivileged_user()
        self.directory = Path(tempfile.mkdtemp(prefix="gatewright-bench-", dir=_place_for(self.user)))
        self.process = None
        try:
            if self.user is not None:
                shutil.chown(self.directory, self.user, self.user)
            self._start()
        except BaseException:
            self.close()
            raise

    def url(self, port: int | None = None) -> str:
        """How to reach it, or what stands before it on another port."""
        return f"postgres://{ROLE}@127.0.0.1:{port or self.port}/{DATABASE}?sslmode=disable"

    def fdatasync_ms(self) -> float:
        """What PostgreSQL's own test says one small durable write costs here."""
        file = str(self.directory / "fsync")
        output = self._run("pg_test_fsync", "-s", "1", "-f", file)
        found = re.search(r"^\s+fdatasync\s+[\d.]+ ops/sec\s+([\d.]+) usecs/op", output, re.MULTILINE)
        if found is None:
            raise Invalid(f"pg_test_fsync says nothing of fdatasync: {output}")
        return float(found.group(1)) / 1000

    def close(self) -> None:
        """Ends the server and removes its files."""
        if self.process is not None:
            stop(self.process, patience_s=30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _start(self) -> None:
        data = str(self.directory / "data")
        settings = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", "--pgdata", data, *settings)
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        command = [postgres_program("postgres"), "-D", data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=self.directory, **self._as_user()
            )
        self._wait_until_ready()
        require_mine(self.port, tree(self.process.pid))
        server = ("--host", "127.0.0.1", "--port", str(self.port), "--username", "postgres")
        # Row-level security does not hold for a superuser, so Gatewright gets a role that is none.
        self._run("createuser", *server, "--createrole", ROLE)
        self._run("createdb", *server, "--owner", ROLE, DATABASE)

    def _wait_until_ready(self, patience_s: float = 30) -> None:
        deadline = time.monotonic() + patience_s
        command = [postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while time.monotonic() < deadline and self.process.poll() is None:
            if subprocess.run(command, timeout=10).returncode == 0:
                return
            time.sleep(0.05)
        raise Invalid(f"PostgreSQL does not start: {(self.directory / 'log').read_text(errors='replace')[-2000:]}")

    def _run(self, name: str, *arguments: str) -> str:
        result = subprocess.run(
            [postgres_program(name), *arguments],
            capture_output=True,
            text=True,
            cwd=self.directory,
            timeout=120,
            **self._as_user(),
        )
        if result.returncode != 0:
            raise Invalid(f"{name} failed: {result.stderr[-2000:]}")
        return result.stdout

    def _as_user(self) -> dict:
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as missing:
        raise Invalid("as root, PostgreSQL runs as the user postgres, which is missing") from missing


def _place_for(user: str | None) -> Path:
    """The bench's own directory, unless another user could not enter it."""
    places.make_directories()
    way = [places.TARGET, *places.TARGET.parents]
    if user is None or all(directory.stat().st_mode & stat.S_IXOTH for directory in way):
        return places.TARGET
    return Path("/var/tmp")
