"""What the cases are about: keys, routes and requests, the same in every run."""

import hashlib
import random
import zlib
from dataclasses import dataclass
from pathlib import Path

import places

KEY_COUNT = 100_000
ROUTE_COUNT = 1_000
REQUEST_COUNT = 2_000
SEED = 20_260_101

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

REQUESTS_FILE = places.DATA / "requests.txt"


@dataclass(frozen=True)
class Shape:
    """One form of path; each service has one of them."""

    name: str
    template: str
    example: str


SHAPES = (
    Shape("users", "/users/{id}", "/users/u123"),
    Shape("orders", "/users/{id}/orders/{order}", "/users/u123/orders/o987"),
    Shape("items", "/items", "/items"),
    Shape("reports", "/v1/{account}/reports/{report}", "/v1/acme/reports/r55"),
    Shape("files", "/files/{*rest}", "/files/a/b/c.txt"),
)


def shape(route: int) -> Shape:
    """The form of a route's paths."""
    return SHAPES[route % len(SHAPES)]


def public_path(route: int) -> str:
    """The template that callers see; the upstream sees it without its first segment."""
    return f"/svc{route}{shape(route).template}"


def make_key(rng: random.Random) -> str:
    """A key as Gatewright mints them: 42 characters and six check digits, their CRC-32 in base 62."""
    body = "sk_live_" + "".join(rng.choices(BASE62, k=34))
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return body + digits


def make_keys() -> list[str]:
    """The keys that are admitted."""
    rng = random.Random(SEED)
    return [make_key(rng) for _ in range(KEY_COUNT)]


def unknown_key() -> str:
    """A key in good form that nobody was given."""
    return make_key(random.Random(SEED + 1))


def sha256_hex(key: str) -> str:
    """All that a gateway may keep of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def make_requests(keys: list[str]) -> list[tuple[str, str]]:
    """Path and key of every request, spread over all routes and keys."""
    rng = random.Random(SEED + 2)
    routes = [request % ROUTE_COUNT for request in range(REQUEST_COUNT)]
    rng.shuffle(routes)
    return [(f"/svc{route}{shape(route).example}", key) for route, key in zip(routes, rng.sample(keys, REQUEST_COUNT))]


def write_files(keys: list[str]) -> None:
    """Writes what wrk and the peers read."""
    hashes = [sha256_hex(key) for key in keys]
    _write(places.DATA / "routes.txt", (f"/svc{route}/ {shape(route).name}" for route in range(ROUTE_COUNT)))
    _write(places.DATA / "keys.sha256", hashes)
    # haproxy's `hex` writes upper case.
    _write(places.DATA / "keys.map", (f"{digest.upper()} {number}" for number, digest in enumerate(hashes, 1)))
    _write(REQUESTS_FILE, (f"{path} {key}" for path, key in make_requests(keys)))


def _write(path: Path, lines) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))
