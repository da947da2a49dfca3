#!/usr/bin/env python3
"""Subscribing while other vendors' gateways are slow or away, and how much of their limits is used.

Stand-ins for six Kongs run as processes of their own; every call of their Admin API takes 20 ms. Three figures:

* a subscription on a primary Kong, beside the calls that a Kong needs for it, made by this script one after the other
  where one needs the other, at once where not;
* the slowest subscriptions (p95) with a secondary Kong that is away, beside those without it;
* a thousand jobs over six Kongs, beside what the connections' `callsPerSecond` allow.

Writes target/bench/orchestration.json. Exit status as run.py's.
"""

import argparse
import concurrent.futures
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from pathlib import Path

import places
import report
from gatewright import Api, Demo
from postgres import Postgres
from process import Invalid, stop

KONGS = 6
CALL_MS = 20
# A vendor's limit of 5 calls per second, twenty times over: what is measured is us and not waiting.
CALLS_PER_SECOND = 100
WARM_UP = 10
MEASURED = 200
JOBS = 1000
GROUPS = ["prod-orders", "prod-payments"]
DRAIN_PATIENCE_S = 300
STEADY_S = 1.0


class Kong:
    """A stand-in for a Kong; a context manager that ends it."""

    def __init__(self, binary: Path):
        command = [str(binary), "--json", "--until-stdin-ends"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise Invalid("vendor-fakes ended without its line")
        told = json.loads(line)
        self.admin = told["vendors"]["kong"]["admin"]
        self.control = f"{told['control']}/kong"

    def order(self, path: str, body: dict) -> None:
        """Tells it what to do."""
        status, answer = request(f"{self.control}/{path}", "POST", body)
        if status not in (201, 204):
            raise Invalid(f"{path} gave {status}: {answer}")

    def slow(self) -> None:
        """From now on every call takes its time."""
        self.order("faults", {"path": "/**", "fault": {"kind": "SLOW", "ms": CALL_MS}})

    def calls(self) -> int:
        """How many calls have arrived."""
        return request(f"{self.control}/report")[1]["counters"]["calls"]

    def __enter__(self) -> "Kong":
        return self

    def __exit__(self, *_) -> None:
        stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()


class Caller:
    """One keep-alive connection to a Kong's Admin API."""

    def __init__(self, url: str):
        url = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)

    def call(self, method: str, path: str, body: dict | None = None) -> None:
        """One call that must succeed, or find nothing."""
        payload = None if body is None else json.dumps(body)
        self.connection.request(method, path, payload, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300 and response.status != 404:
            raise Invalid(f"{method} {path} gave {response.status}: {text[:300]!r}")


def request(url: str, method: str = "GET", body: dict | None = None) -> tuple[int, dict]:
    """One request on a connection of its own."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request(method, parts.path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else {}
    finally:
        connection.close()


class Necessary:
    """What a Kong needs for a subscription: consumer, then its group, then its key; then all of it is read back, at once.

    The key comes last, because it is what lets somebody in.
    """

    def __init__(self, kong: Kong):
        self.callers = [Caller(kong.admin) for _ in range(4)]
        self.pool = concurrent.futures.ThreadPoolExecutor(len(self.callers))

    def subscribe_ms(self) -> float:
        """How long that took."""
        first, consumer = self.callers[0], f"/consumers/{uuid.uuid4()}"
        started = time.perf_counter()
        first.call("PUT", consumer, {"username": f"bench-{uuid.uuid4()}"})
        first.call("POST", f"{consumer}/acls", {"group": GROUPS[0]})
        first.call("POST", f"{consumer}/key-auth", {"key": uuid.uuid4().hex})
        looks = ["", "/key-auth", "/acls", f"/plugins/{uuid.uuid4()}"]
        calls = [self.pool.submit(caller.call, "GET", consumer + look) for caller, look in zip(self.callers, looks)]
        for call in calls:
            call.result()
        return (time.perf_counter() - started) * 1000


class Company:
    """The demo's tenant, with something to sell on connected Kongs."""

    def __init__(self, facts: dict):
        self.api = Api(facts)
        self.customer_id = facts["customerId"]
        self.product_id = self.api.create("/products", {"kind": "API", "name": "Orders"})["id"]
        plan = {
            "name": "Orders",
            "price": {"amount": "1.00", "currency": "EUR"},
            "billingPeriod": "MONTH",
            "productIds": [self.product_id],
        }
        self.plan_id = self.api.create("/plans", plan)["id"]

    def connect(self, kong: Kong, name: str, calls_per_second: int, primary: bool) -> str:
        """Connects a Kong and maps the product there; the connection's id."""
        body = {
            "vendor": "KONG",
            "name": name,
            "environment": "LIVE",
            "credentials": {},
            "settings": {"flavor": "ADMIN_API", "url": kong.admin},
            "primary": primary,
            "callsPerSecond": calls_per_second,
        }
        connection_id = self.api.create("/connections", body)["id"]
        self.map(connection_id, GROUPS[:1])
        return connection_id

    def map(self, connection_id: str, groups: list[str]) -> None:
        """Maps the product to these groups."""
        path = f"/connections/{connection_id}/mappings/{self.product_id}"
        status, answer = self.api.call("PUT", path, {"scope": groups})
        if status != 200:
            raise Invalid(f"PUT {path} gave {status}: {answer}")

    def subscribe(self) -> str:
        """One subscription with its key; its id."""
        return self.api.create("/subscriptions", {"customerId": self.customer_id, "planId": self.plan_id})["id"]

    def subscribe_ms(self) -> float:
        """How long a subscription took."""
        started = time.perf_counter()
        self.subscribe()
        return (time.perf_counter() - started) * 1000


def p95(figures: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(figures, n=20)[-1]


def subscribing(options: argparse.Namespace, urls: tuple[str, str], data: Path) -> dict:
    """The first two figures.

    Kong alone, Gatewright, and one with a dead secondary are asked in turn: what else happens on the machine happens to all.
    """
    second_ports = (places.SECOND_CONTROL_PORT, places.SECOND_PROXY_PORT)
    with (
        Kong(options.fakes) as first,
        Kong(options.fakes) as second,
        Demo(options.binary, data / "alone", database_url=urls[0]) as demo,
        Demo(options.binary, data / "beside", database_url=urls[1], ports=second_ports) as other,
    ):
        company, beside = Company(demo.facts), Company(other.facts)
        for one in (company, beside):
            one.connect(first, "primary", 1000, primary=True)
        beside.connect(second, "secondary", 1000, primary=False)
        second.order("listener", {"name": "admin", "up": False})
        first.slow()
        in_turn = (Necessary(first), company, beside)
        rounds = [[one.subscribe_ms() for one in in_turn] for _ in range(WARM_UP + MEASURED)]
    necessary, alone, with_dead = zip(*rounds[WARM_UP:])
    return {
        "call_ms": CALL_MS,
        "necessary_p50_ms": round(statistics.median(necessary), 2),
        "subscribe_p50_ms": round(statistics.median(alone), 2),
        "subscribe_p95_ms": round(p95(alone), 2),
        "dead_secondary_p50_ms": round(statistics.median(with_dead), 2),
        "dead_secondary_p95_ms": round(p95(with_dead), 2),
        "over_necessary": round(statistics.median(alone) / statistics.median(necessary), 3),
        "dead_secondary_ratio": round(p95(with_dead) / p95(alone), 3),
    }


def draining(options: argparse.Namespace, url: str, data: Path, kongs: list[Kong]) -> dict:
    """The third figure."""
    subscriptions = -(-options.jobs // len(kongs))
    with Demo(options.binary, data, database_url=url) as demo:
        company = Company(demo.facts)
        names = [f"kong-{number}" for number in range(len(kongs))]
        connections = [company.connect(kong, name, 1000, False) for kong, name in zip(kongs, names)]
        for _ in range(subscriptions):
            company.subscribe()
        for kong in kongs:
            wait_for(kong, GROUPS[0], subscriptions)
        for connection_id in connections:
            status, answer = company.api.call(
                "PATCH", f"/connections/{connection_id}", {"callsPerSecond": CALLS_PER_SECOND}
            )
            if status != 200:
                raise Invalid(f"PATCH gave {status}: {answer}")
        for kong in kongs:
            kong.slow()
        time.sleep(STEADY_S)
        before = [kong.calls() for kong in kongs]
        started = time.monotonic()
        # Whoever has subscribed may call something else from now on: a job per subscription and Kong.
        for connection_id in connections:
            company.map(connection_id, GROUPS)
        ended = drained(kongs)
        calls = [kong.calls() - earlier for kong, earlier in zip(kongs, before)]
        for kong in kongs:
            wait_for(kong, GROUPS[1], subscriptions)
    elapsed = ended - started
    used = sum(calls) / elapsed / (len(kongs) * CALLS_PER_SECOND)
    return {
        "kongs": len(kongs),
        "jobs": subscriptions * len(kongs),
        "calls_per_second_allowed": CALLS_PER_SECOND,
        "calls": sum(calls),
        "calls_per_job": round(sum(calls) / (subscriptions * len(kongs)), 2),
        "drain_s": round(elapsed, 2),
        "of_limits": round(used, 3),
    }


def drained(kongs: list[Kong]) -> float:
    """When the last call came, once none has come for a while."""
    deadline = time.monotonic() + DRAIN_PATIENCE_S
    known, changed = sum(kong.calls() for kong in kongs), time.monotonic()
    begun = False
    while time.monotonic() < deadline:
        calls = sum(kong.calls() for kong in kongs)
        if calls != known:
            known, changed, begun = calls, time.monotonic(), True
        elif begun and time.monotonic() - changed > STEADY_S * 3:
            return changed
        time.sleep(0.05)
    raise Invalid(f"still under way after {DRAIN_PATIENCE_S} s")


def wait_for(kong: Kong, group: str, count: int, patience_s: float = 120) -> None:
    """Waits until so many consumers of ours are in a group."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        rows = [row for row in memberships(kong) if row["group"] == group]
        ours = [row for row in rows if any(tag.startswith("gwr-") for tag in row["tags"] or [])]
        if len(ours) >= count:
            return
        time.sleep(0.2)
    raise Invalid(f"{len(ours)} of {count} are in {group}")


def memberships(kong: Kong) -> list[dict]:
    """Every consumer's groups."""
    rows, path = [], "/acls?size=1000"
    while path is not None:
        url = urllib.parse.urlsplit(kong.admin)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        rows += answer["data"]
        offset = answer.get("offset")
        path = f"/acls?size=1000&offset={urllib.parse.quote(offset)}" if offset else None
    return rows


def run(options: argparse.Namespace) -> int:
    """Everything; the exit status."""
    places.make_directories()
    for binary in (options.binary, options.fakes):
        if not binary.is_file():
            raise Invalid(f"{binary} is missing: cargo build --profile dist -p gatewright -p gatewright-vendor-fakes")
    with tempfile.TemporaryDirectory(dir=places.TARGET) as data:
        with Postgres(places.POSTGRES_PORT) as postgres, Postgres(places.SECOND_POSTGRES_PORT) as other:
            figures = subscribing(options, (postgres.url(), other.url()), Path(data) / "subscribing")
        kongs = [Kong(options.fakes) for _ in range(KONGS)]
        try:
            with Postgres(places.POSTGRES_PORT) as postgres:
                figures |= draining(options, postgres.url(), Path(data) / "draining", kongs)
        finally:
            for kong in kongs:
                kong.__exit__()
    figures["binary"] = options.binary.parent.name
    report.write_json(places.TARGET / "orchestration.json", figures)
    for name, value in figures.items():
        print(f"{name:28} {value}")
    targets = [
        report.Target("subscribing, of the necessary calls", figures["over_necessary"], 1.15),
        report.Target("p95 with a dead secondary, of that without", figures["dead_secondary_ratio"], 1.1),
        report.Target("what the limits allow, of what is used", round(1 / figures["of_limits"], 3), round(1 / 0.9, 3)),
    ]
    return report.judge(targets, options.warn_only)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=places.BINARY, help="default target/dist/gatewright")
    parser.add_argument("--fakes", type=Path, help="vendor-fakes; beside the binary unless told otherwise")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how many jobs are queued at once")
    parser.add_argument("--warn-only", action="store_true", help="a missed target does not fail")
    options = parser.parse_args()
    options.binary = options.binary.resolve()
    options.fakes = (options.fakes or options.binary.with_name("vendor-fakes")).resolve()
    return options


if __name__ == "__main__":
    try:
        sys.exit(run(parse()))
    except Invalid as reason:
        print(f"invalid: {reason}", file=sys.stderr)
        sys.exit(2)
