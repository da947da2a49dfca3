#!/usr/bin/env python3
"""A subscription with its key: how long it takes, and what it asks of PostgreSQL.

Writes target/bench/subscribe.json. Exit status as run.py's.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import places
import report
from gatewright import Api, Demo
from postgres import Postgres
from process import Invalid, require_free
from wire import Event, Wire

WARM_UP = 50
MEASURED = 300


def subscribe(api: Api, facts: dict) -> None:
    """One subscription of the demo's customer to the demo's plan, with its key."""
    api.create("/subscriptions", {"customerId": facts["customerId"], "planId": facts["planId"]})


def latencies_ms(binary: Path, data: Path, url: str) -> list[float]:
    """How long each subscription took, one after the other, after a warm-up."""
    figures = []
    with Demo(binary, data, database_url=url) as demo:
        api = Api(demo.facts)
        for _ in range(WARM_UP):
            subscribe(api, demo.facts)
        for _ in range(MEASURED):
            started = time.perf_counter()
            subscribe(api, demo.facts)
            figures.append((time.perf_counter() - started) * 1000)
    return figures


def conversations(binary: Path, data: Path, wire: Wire, url: str) -> list[list[Event]]:
    """What passed on the wire between each request and its answer, once every statement is prepared."""
    windows = []
    with Demo(binary, data, database_url=url) as demo:
        api = Api(demo.facts)
        for _ in range(WARM_UP):
            subscribe(api, demo.facts)
        for _ in range(MEASURED):
            before = len(wire.events)
            subscribe(api, demo.facts)
            windows.append(wire.events[before:])
    return windows


def median_count(windows: list[list[Event]], kind: str) -> int:
    """The median over the requests: now and then a background job talks in between."""
    return statistics.median_low(sum(event.kind == kind for event in window) for window in windows)


def run(options: argparse.Namespace) -> int:
    """Both passes; the exit status."""
    places.make_directories()
    binary = options.binary.resolve()
    if not binary.is_file():
        raise Invalid(f"{binary} is missing: cargo build --profile dist -p gatewright")
    require_free(places.WIRE_PORT)
    with Postgres(places.POSTGRES_PORT) as postgres, tempfile.TemporaryDirectory(dir=places.TARGET) as data:
        times = latencies_ms(binary, Path(data), postgres.url())
        with Wire(places.WIRE_PORT, places.POSTGRES_PORT) as wire:
            windows = conversations(binary, Path(data), wire, postgres.url(places.WIRE_PORT))
        fdatasync_ms = postgres.fdatasync_ms()

    figures = {
        "p50_ms": round(statistics.median(times), 3),
        "fdatasync_ms": round(fdatasync_ms, 3),
        "round_trips": median_count(windows, "round trip"),
        "commits": median_count(windows, "commit"),
    }
    report.write_json(places.TARGET / "subscribe.json", figures)
    if options.trace:
        for event in windows[-1]:
            print(f"{event.kind:10} connection {event.connection}  {event.text[:160]}")
    print(f"a subscription: p50 {figures['p50_ms']:.2f} ms; one fdatasync here (pg_test_fsync): {fdatasync_ms:.2f} ms")
    if figures["commits"] == 0:
        raise Invalid("no commit was seen on the wire")
    targets = [
        report.Target("round trips to PostgreSQL", figures["round_trips"], 12),
        report.Target("commits", figures["commits"], 1),
    ]
    return report.judge(targets, options.warn_only)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=places.BINARY, help="default target/dist/gatewright")
    parser.add_argument("--trace", action="store_true", help="print what the last subscription said to PostgreSQL")
    parser.add_argument("--warn-only", action="store_true", help="a missed target does not fail")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(run(parse()))
    except Invalid as reason:
        print(f"invalid: {reason}", file=sys.stderr)
        sys.exit(2)
