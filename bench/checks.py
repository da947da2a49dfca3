"""Before an engine is measured: does it do the work that the case is about?"""

import http.client
import json

import places
import workload
from process import Invalid

UNKNOWN_HOST = "nobody.localhost"


class _Client:
    """One keep-alive connection to the proxy."""

    def __init__(self, engine: str):
        self.engine = engine
        self.connection = http.client.HTTPConnection("127.0.0.1", places.PROXY_PORT, timeout=10)

    def expect(self, status: int, path: str, host: str, key: str | None = None, body: bytes | None = None) -> bytes:
        """Sends one request and refuses any other status."""
        headers = {"Host": host, "Accept": "application/json"}
        if key is not None:
            headers["X-Api-Key"] = key
        self.connection.request("GET" if body is None else "POST", path, body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != status:
            what = f"{path} at {host} with {'a key' if key else 'no key'}"
            raise Invalid(f"{self.engine}: {what} gave {response.status} instead of {status}: {answer[:300]!r}")
        return answer

    def expect_forwarded(self, path: str, target: str, host: str, key: str | None = None) -> None:
        """Checks what the upstream sees: path, caller, and a pooled connection the second time."""
        self.expect(200, path, host, key)
        seen = json.loads(self.expect(200, path, host, key))
        # envoy writes the machine's own address where the caller's is a loopback one.
        if seen["uri"] != target or not seen["forwarded"] or seen["served"] < 2:
            raise Invalid(f"{self.engine}: the upstream saw {seen} for {path}")


def verify(engine: str, case: str, host: str, keys: list[str]) -> None:
    """Refuses an engine that answers wrongly, or does less than the case asks."""
    client = _Client(engine)
    try:
        {"plain": _plain, "key": _key, "post16k": _post16k}[case](client, host, keys)
    finally:
        client.connection.close()


def _plain(client: _Client, host: str, _keys: list[str]) -> None:
    client.expect_forwarded("/a/seen", "/a/seen", host)
    client.expect(404, "/a/seen", UNKNOWN_HOST)


def _post16k(client: _Client, host: str, _keys: list[str]) -> None:
    seen = json.loads(client.expect(200, "/a/seen", host, body=bytes(16384)))
    if seen["size"] != "16384":
        raise Invalid(f"{client.engine}: the upstream saw {seen} for 16384 bytes")


def _key(client: _Client, host: str, keys: list[str]) -> None:
    key = keys[-1]
    for path, its_key in workload.make_requests(keys)[:50]:
        client.expect(200, path, host, its_key)
    client.expect_forwarded("/svc4/files/a/seen?page=2", "/files/a/seen?page=2", host, key)

    damaged = key[:-1] + ("0" if key[-1] != "0" else "1")
    for wrong in (None, workload.unknown_key(), damaged):
        client.expect(401, "/svc2/items", host, wrong)
    for absent in ("/svc0/items", "/svc2/items/7", f"/svc{workload.ROUTE_COUNT}/users/7", "/"):
        client.expect(404, absent, host, key)
    client.expect(404, "/svc2/items", UNKNOWN_HOST, key)
