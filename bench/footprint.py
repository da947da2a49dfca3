"""What Gatewright costs while nothing happens: idle connections, an idle demo, and how soon it is ready."""

import http.client
import time
from pathlib import Path

import peers
import places
from gatewright import Demo, Prepared
from process import Invalid, pss_kib
from report import Target

CONNECTIONS = 1_000
SETTLE_S = 1
# A process that has just started gives memory back for a while, which would hide what connections take.
SETTLED_KIB = 256
SETTLED_S = 10
SETTLING_MAX_S = 90
IDLE_S = 5


def idle_connections(binary: Path, prepared: Prepared | None, engines: list[str]) -> dict[str, float]:
    """KiB of Pss that each idle keep-alive connection costs, having carried one request."""
    figures = {}
    if "gatewright" in engines and prepared is not None:
        with Demo(binary, places.GATEWRIGHT_DATA, gateway_core=places.PROXY_CORE) as demo:
            figures["gatewright"] = _kib_per_connection(lambda: demo.pids, prepared.plain_host)
    if "nginx" in engines:
        with peers.start("nginx", "plain") as server:
            figures["nginx"] = _kib_per_connection(lambda: server.pids, peers.HOST)
    return figures


def _kib_per_connection(pids, host: str) -> float:
    # What the first requests touch belongs to nobody's connection.
    for connection in [_used_connection(host) for _ in range(10)]:
        connection.close()
    before = _settled_kib(pids)
    connections = [_used_connection(host) for _ in range(CONNECTIONS)]
    time.sleep(SETTLE_S)
    after = pss_kib(pids())

    # A proxy that had closed them would look thrifty.
    _require_answer(connections[0], host)
    for connection in connections:
        connection.close()
    return (after - before) / CONNECTIONS


def _settled_kib(pids) -> float:
    """Memory once it has stayed the same for a while."""
    known, since = pss_kib(pids()), time.monotonic()
    end = since + SETTLING_MAX_S
    while time.monotonic() - since < SETTLED_S:
        time.sleep(SETTLE_S)
        now = pss_kib(pids())
        if abs(now - known) > SETTLED_KIB:
            known, since = now, time.monotonic()
        if time.monotonic() > end:
            raise Invalid("memory does not settle")
    return pss_kib(pids())


def _used_connection(host: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", places.PROXY_PORT, timeout=10)
    connection.connect()
    # Without this, http.client would silently connect again.
    connection.auto_open = 0
    _require_answer(connection, host)
    return connection


def _require_answer(connection: http.client.HTTPConnection, host: str) -> None:
    connection.request("GET", "/v1/customers/42", headers={"Host": host})
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise Invalid(f"an idle connection's request gave {response.status}")


def demo(binary: Path) -> dict[str, float]:
    """Seconds until a demo whose data exists is ready, and MiB that it then holds, PostgreSQL apart."""
    with Demo(binary, places.DEMO_DATA):
        pass
    with Demo(binary, places.DEMO_DATA) as running:
        time.sleep(IDLE_S)
        return {"ready_s": running.ready_s, "idle_mib": pss_kib(running.pids) / 1024}


def targets(connections: dict[str, float], demo_figures: dict[str, float]) -> list[Target]:
    """The figures beside what they may be."""
    result = []
    if "gatewright" in connections:
        result.append(Target("an idle connection", connections["gatewright"], 32, "KiB"))
    if demo_figures:
        result.append(Target("the idle demo", demo_figures["idle_mib"], 80, "MiB"))
        result.append(Target("ready with existing data", demo_figures["ready_s"], 2, "s"))
    return result
