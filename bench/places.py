"""Where the bench keeps its files and which ports and cores it uses."""

from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PEERS = BENCH / "peers"
WRK = BENCH / "wrk"

TARGET = ROOT / "target" / "bench"
# Generated: keys, routes, requests.
DATA = TARGET / "data"
# Rendered configurations, logs, pid files.
RUN = TARGET / "run"
VENV = TARGET / "venv"
# Gatewright's own data directories: one with 1,000 routes and 100,000 keys, one as a person's first demo.
GATEWRIGHT_DATA = TARGET / "gatewright"
DEMO_DATA = TARGET / "demo"

BINARY = ROOT / "target" / "dist" / "gatewright"

PROXY_PORT = 28100
UPSTREAM_PORT = 29100
CONTROL_PORT = 28180
POSTGRES_PORT = 28190
WIRE_PORT = 28191
# Of a second Gatewright that is measured in turn with the first.
SECOND_PROXY_PORT = 28102
SECOND_CONTROL_PORT = 28182
SECOND_POSTGRES_PORT = 28192

# wrk and the upstream share one core, the proxy under test has the other to itself.
LOAD_CORE = 0
PROXY_CORE = 1


def make_directories() -> None:
    """Makes the directories that generated files go to."""
    for directory in (DATA, RUN):
        directory.mkdir(parents=True, exist_ok=True)
