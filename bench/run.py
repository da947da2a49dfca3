#!/usr/bin/env python3
"""Gatewright beside nginx, nginx with Lua, haproxy and envoy: CPU per request, latency, memory.

Writes target/bench/gateway.json and target/bench/footprint.json. Exit status: 0 when every target is met, 1 when
one is missed, 2 when the measurement is invalid.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import checks
import footprint
import load
import peers
import places
import report
import workload
from gatewright import Demo, Prepared, prepare
from process import Invalid, allow_many_files, cpu_seconds, pss_kib

CASES = ("plain", "key", "post16k")
ENGINES = ("gatewright", "nginx", "nginx-lua", "haproxy", "envoy")
WARM_UP_S = 2
SATURATED = 0.9


@dataclass(frozen=True)
class Bench:
    """What one invocation measures."""

    binary: Path
    keys: list[str]
    prepared: Prepared | None
    seconds: int

    def measure(self, case: str, engine: str) -> report.Sample:
        """Starts an engine, checks it, warms it up, measures it, ends it."""
        if engine != "gatewright":
            with peers.start(engine, case) as server:
                return self._sample(case, engine, peers.HOST, server.pids)
        with Demo(self.binary, places.GATEWRIGHT_DATA, gateway_core=places.PROXY_CORE) as demo:
            sample = self._sample(case, engine, self.prepared.host(case), demo.pids)
            demo.require_pinned(places.PROXY_CORE)
            return sample

    def _sample(self, case: str, engine: str, host: str, pids: list[int]) -> report.Sample:
        checks.verify(engine, case, host, self.keys)
        load.run(case, host, min(WARM_UP_S, self.seconds))

        cpu_before, started = cpu_seconds(pids), time.monotonic()
        seen = load.run(case, host, self.seconds)
        cpu, elapsed = cpu_seconds(pids) - cpu_before, time.monotonic() - started

        sample = report.Sample(
            case=case,
            engine=engine,
            requests_per_second=seen.requests_per_second,
            cpu_us_per_request=cpu * 1e6 / seen.requests,
            p50_ms=seen.p50_ms,
            p99_ms=seen.p99_ms,
            rss_mib=pss_kib(pids) / 1024,
        )
        busy = cpu / elapsed
        # A proxy that often sleeps takes fewer requests at each waking and needs more CPU for each.
        remark = "" if busy > SATURATED else "  (not saturated: is something else running?)"
        print(
            f"{case:8} {engine:11} {sample.requests_per_second:9,.0f} req/s  {sample.cpu_us_per_request:6.2f} µs/req  "
            f"core {busy:4.0%} busy{remark}",
            flush=True,
        )
        return sample


def engines_of(case: str, engines: list[str]) -> list[str]:
    """The engines that can do a case's work, of those asked for."""
    return [engine for engine in engines if engine == "gatewright" or (case, engine) in peers.CONFIGURATIONS]


def run(options: argparse.Namespace) -> int:
    """Everything that was asked for; the exit status."""
    if not {places.LOAD_CORE, places.PROXY_CORE} <= os.sched_getaffinity(0):
        raise Invalid("two cores are needed: one for the proxy, one for wrk and the upstream")
    with_gatewright = "gatewright" in options.engines
    if with_gatewright and not options.binary.is_file():
        raise Invalid(f"{options.binary} is missing: cargo build --profile dist -p gatewright")
    if (busy := os.getloadavg()[0]) > 1:
        print(f"warning: this machine is busy (load {busy:.1f}); the figures will be too high", file=sys.stderr)

    places.make_directories()
    allow_many_files()
    keys = workload.make_keys()
    workload.write_files(keys)

    samples, connections, demo = [], {}, {}
    with peers.start_upstream():
        prepared = prepare(options.binary, keys) if with_gatewright else None
        bench = Bench(options.binary, keys, prepared, options.seconds)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}")
            for case in options.cases:
                for engine in engines_of(case, options.engines):
                    samples.append(bench.measure(case, engine))
        if options.footprint:
            connections = footprint.idle_connections(options.binary, prepared, options.engines)
    if options.footprint and with_gatewright:
        demo = footprint.demo(options.binary)

    results = report.medians(samples)
    report.write_samples(places.TARGET / "gateway.json", results)
    report.print_table(results)
    for engine, kib in connections.items():
        print(f"an idle keep-alive connection: {engine} {kib:.1f} KiB")
    if options.footprint:
        report.write_json(places.TARGET / "footprint.json", {"connection_kib": connections} | demo)
    return report.judge(report.ratio_targets(results) + footprint.targets(connections, demo), options.warn_only)


def parse() -> argparse.Namespace:
    """The command line."""

    def several(allowed):
        def read(text: str) -> list[str]:
            chosen = text.split(",")
            if unknown := set(chosen) - set(allowed):
                raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
            return [name for name in allowed if name in chosen]

        return read

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each engine runs each case (default 3)")
    parser.add_argument("--seconds", type=int, default=8, help="length of each run (default 8)")
    parser.add_argument("--cases", type=several(CASES), default=list(CASES), help=",".join(CASES))
    parser.add_argument("--engines", type=several(ENGINES), default=list(ENGINES), help=",".join(ENGINES))
    parser.add_argument("--binary", type=Path, default=places.BINARY, help="default target/dist/gatewright")
    parser.add_argument("--quick", action="store_true", help="one round of two seconds: does everything work?")
    parser.add_argument("--no-footprint", dest="footprint", action="store_false", help="skip memory and start-up")
    parser.add_argument("--warn-only", action="store_true", help="a missed target does not fail")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 2
    options.binary = options.binary.resolve()
    return options


if __name__ == "__main__":
    try:
        sys.exit(run(parse()))
    except Invalid as reason:
        print(f"invalid: {reason}", file=sys.stderr)
        sys.exit(2)
