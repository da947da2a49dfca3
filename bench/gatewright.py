"""Gatewright itself: starting it, talking to its REST API, and giving it the workload's routes and keys."""

import hashlib
import http.client
import json
import os
import secrets
import select
import subprocess
import time
import urllib.parse
from dataclasses import asdict, dataclass
from pathlib import Path

import places
import seed
import workload
from process import Invalid, pin, program, require_free, require_mine, stop, threads

# Kept beside the data that it describes, so that both go at once.
PREPARED_FILE = places.GATEWRIGHT_DATA / "bench.json"


class Api:
    """The REST API over one keep-alive connection, as the demo's operator."""

    def __init__(self, facts: dict):
        url = urllib.parse.urlsplit(facts["apiUrl"])
        self.base = url.path
        self.headers = {"Authorization": f"Bearer {facts['operatorToken']}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)

    def call(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        """One request; the status and the answer's JSON, empty when there is none."""
        payload = None if body is None else json.dumps(body).encode()
        self.connection.request(method, self.base + path, payload, self.headers)
        response = self.connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else {}

    def create(self, path: str, body: dict) -> dict:
        """A POST that must create something."""
        status, answer = self.call("POST", path, body)
        if status != 201:
            raise Invalid(f"POST {path} gave {status}: {answer}")
        return answer


class Demo:
    """A running `gatewright demo`; a context manager that ends it.

    With `gateway_core`, the program's own threads run on that core and the PostgreSQL that it starts stays on
    the load's: its CPU is not the proxy's.
    """

    def __init__(
        self,
        binary: Path,
        data: Path,
        gateway_core: int | None = None,
        database_url: str | None = None,
        ports: tuple[int, int] = (places.CONTROL_PORT, places.PROXY_PORT),
    ):
        for port in ports:
            require_free(port)
        data.mkdir(parents=True, exist_ok=True)
        self.log = places.RUN / f"gatewright-{data.name}.log"
        command = [str(binary), "demo", "--json"]
        if gateway_core is not None:
            command = [program("taskset"), "-c", str(places.LOAD_CORE), *command]
        started = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env=environment(data, gateway_core, database_url, ports)
            )
        try:
            self.facts = self._first_line()
            self._wait_until_ready()
            self.ready_s = time.monotonic() - started
            require_mine(ports[1], self.pids)
            if gateway_core is not None:
                pin(self.process.pid, gateway_core)
        except BaseException:
            stop(self.process)
            raise

    @property
    def pids(self) -> list[int]:
        """Gatewright's one process, without PostgreSQL's."""
        return [self.process.pid]

    def _first_line(self, patience_s: float = 120) -> dict:
        readable, _, _ = select.select([self.process.stdout], [], [], patience_s)
        if not readable:
            raise Invalid(f"gatewright demo printed nothing within {patience_s} s")
        line = self.process.stdout.readline()
        if not line:
            raise Invalid(f"gatewright demo ended without its line: {self.log.read_text(errors='replace')[-2000:]}")
        return json.loads(line)

    def _wait_until_ready(self, patience_s: float = 30) -> None:
        url = urllib.parse.urlsplit(self.facts["apiUrl"])
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)
            try:
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.01)
        raise Invalid(f"gatewright is not ready after {patience_s} s")

    def require_pinned(self, core: int) -> None:
        """Refuses a run in which a thread has left the core."""
        strays = [thread for thread in threads(self.process.pid) if os.sched_getaffinity(thread) != {core}]
        if strays:
            raise Invalid(f"gatewright: {len(strays)} threads are not on core {core}")

    def __enter__(self) -> "Demo":
        return self

    def __exit__(self, *_) -> None:
        stop(self.process, patience_s=30)
        self.process.stdout.close()


def environment(
    data: Path,
    gateway_core: int | None = None,
    database_url: str | None = None,
    ports: tuple[int, int] = (places.CONTROL_PORT, places.PROXY_PORT),
) -> dict[str, str]:
    """What Gatewright is told; nothing of the caller's own settings for it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWRIGHT_")}
    told = {
        "GATEWRIGHT_HTTP_ADDR": f"127.0.0.1:{ports[0]}",
        "GATEWRIGHT_GATEWAY_ADDR": f"127.0.0.1:{ports[1]}",
        "GATEWRIGHT_DATA_DIR": str(data),
    }
    if gateway_core is not None:
        told["GATEWRIGHT_GATEWAY_CORES"] = "1"
    if database_url is not None:
        told["GATEWRIGHT_DATABASE_URL"] = database_url
    return kept | told


@dataclass(frozen=True)
class Prepared:
    """The gateways that stand ready in the data directory."""

    plain_id: str
    plain_host: str
    key_id: str
    key_host: str
    fingerprint: str

    def host(self, case: str) -> str:
        """The host that a case's requests go to."""
        return self.key_host if case == "key" else self.plain_host


def prepare(binary: Path, keys: list[str]) -> Prepared:
    """Makes the gateways, routes and keys of the workload, once per data directory."""
    fingerprint = _fingerprint(keys)
    with Demo(binary, places.GATEWRIGHT_DATA) as demo:
        api = Api(demo.facts)
        if PREPARED_FILE.exists():
            prepared = Prepared(**json.loads(PREPARED_FILE.read_text()))
            if prepared.fingerprint == fingerprint and _still_there(api, prepared):
                return prepared
            raise Invalid(f"{places.GATEWRIGHT_DATA} holds another workload: remove it")

        plain, plain_service = _create_gateway(api, "bench-plain")
        route = {"method": "ANY", "publicPath": "/{*rest}", "targetPath": "/{*rest}", "access": "PUBLIC"}
        api.create(f"/gateways/{plain['id']}/routes", route | {"serviceId": plain_service})

        gateway, service = _create_gateway(api, "bench-key")
        for number in range(workload.ROUTE_COUNT):
            route = {
                "method": "GET",
                "publicPath": workload.public_path(number),
                "targetPath": workload.shape(number).template,
                "access": "SECURE",
                "serviceId": service,
            }
            api.create(f"/gateways/{gateway['id']}/routes", route)
        consumer = api.create(f"/gateways/{gateway['id']}/consumers", {"name": "bench"})
        seed.seed_keys(database_url(binary), consumer["id"], consumer["apiKey"]["id"], keys)

        prepared = Prepared(plain["id"], plain["host"], gateway["id"], gateway["host"], fingerprint)
        PREPARED_FILE.write_text(json.dumps(asdict(prepared)))
        return prepared


def database_url(binary: Path) -> str:
    """Where the private PostgreSQL of the workload's data directory listens."""
    command = [str(binary), "database", "url"]
    settings = environment(places.GATEWRIGHT_DATA)
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def _create_gateway(api: Api, name: str) -> tuple[dict, str]:
    # A slug is unique in the installation, so an attempt that broke off must not stand in the way.
    slug = f"{name}-{secrets.token_hex(3)}"
    gateway = api.create("/gateways", {"name": name, "slug": slug, "environment": "LIVE", "authType": "API_KEY"})
    target = {"name": "upstream", "targetUrl": f"http://127.0.0.1:{places.UPSTREAM_PORT}"}
    return gateway, api.create(f"/gateways/{gateway['id']}/services", target)["id"]


def _still_there(api: Api, prepared: Prepared) -> bool:
    return all(api.call("GET", f"/gateways/{id}")[0] == 200 for id in (prepared.plain_id, prepared.key_id))


def _fingerprint(keys: list[str]) -> str:
    routes = [workload.public_path(number) for number in range(workload.ROUTE_COUNT)]
    return hashlib.sha256("\n".join([*keys, *routes, str(places.UPSTREAM_PORT)]).encode()).hexdigest()
