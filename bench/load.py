"""One run of wrk against what listens on the proxy's port."""

import json
import os
import subprocess
from dataclasses import dataclass

import places
from process import Invalid, program
from workload import REQUESTS_FILE

CONNECTIONS = 64


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float


def run(case: str, host: str, seconds: int) -> Load:
    """Sends a case's requests for some seconds; any error makes the run invalid."""
    command = [
        *(program("taskset"), "-c", str(places.LOAD_CORE)),
        *(program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(places.WRK / f"{case}.lua")),
        *("-H", f"Host: {host}", "-H", "User-Agent: bench/1.0", "-H", "Accept: application/json"),
        f"http://127.0.0.1:{places.PROXY_PORT}/",
    ]
    environment = os.environ | {"BENCH_WRK": str(places.WRK), "BENCH_REQUESTS": str(REQUESTS_FILE)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=seconds + 60)
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or not lines:
        raise Invalid(f"wrk failed: {result.stdout}{result.stderr}")

    seen = json.loads(lines[-1])
    errors = {kind: seen[kind] for kind in ("status", "connect", "read", "write", "timeout") if seen[kind]}
    if errors or seen["requests"] == 0:
        raise Invalid(f"{seen['requests']} requests with errors {errors}")
    return Load(
        requests=seen["requests"],
        requests_per_second=seen["requests"] * 1e6 / seen["duration_us"],
        p50_ms=seen["p50_us"] / 1000,
        p99_ms=seen["p99_us"] / 1000,
    )
