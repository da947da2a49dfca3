"""The upstream and the other proxies: their configurations, rendered, and how each is started."""

import os
from pathlib import Path

import places
from process import Invalid, Server, program

# The host that the peers serve; Gatewright gives its gateways hosts of its own.
HOST = "bench.localhost"

# Which configuration runs which case.
CONFIGURATIONS = {
    ("plain", "nginx"): "nginx.conf",
    ("plain", "haproxy"): "haproxy.cfg",
    ("plain", "envoy"): "envoy.yaml",
    ("key", "nginx-lua"): "nginx-lua.conf",
    ("key", "haproxy"): "haproxy-key.cfg",
    ("post16k", "nginx"): "nginx.conf",
    ("post16k", "haproxy"): "haproxy.cfg",
    ("post16k", "envoy"): "envoy.yaml",
}


def start_upstream() -> Server:
    """The service behind every proxy."""
    return _start("upstream", "upstream.conf", places.UPSTREAM_PORT, places.LOAD_CORE)


def start(engine: str, case: str) -> Server:
    """A peer, set up for a case, on the proxy's core."""
    return _start(engine, CONFIGURATIONS[case, engine], places.PROXY_PORT, places.PROXY_CORE)


def _start(name: str, template: str, port: int, core: int) -> Server:
    command = _command(_render(template))
    return Server(name, command, port, core, log=places.RUN / f"{name}.log", cwd=places.RUN)


def _render(template: str) -> Path:
    text = (places.PEERS / template).read_text()
    for name, value in {
        "HOST": HOST,
        "PORT": places.PROXY_PORT,
        "UPSTREAM_PORT": places.UPSTREAM_PORT,
        "DATA": places.DATA,
        "PEERS": places.PEERS,
        # Started by root, nginx's worker would become a user who may not enter this directory.
        "USER": "user root;" if os.getuid() == 0 else "",
        "TEMP_PATHS": " ".join(
            f"{kind}_temp_path {places.RUN}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
    }.items():
        text = text.replace(f"@{name}@", str(value))
    rendered = places.RUN / template
    rendered.write_text(text)
    return rendered


def _command(configuration: Path) -> list[str]:
    match configuration.suffix:
        case ".conf":
            return [program("nginx"), "-p", str(places.RUN), "-e", f"{configuration}.err", "-c", str(configuration)]
        case ".cfg":
            return [program("haproxy"), "-db", "-f", str(configuration)]
        case _:
            quiet = ["-l", "error", "--disable-hot-restart"]
            return [str(_envoy()), "-c", str(configuration), "--concurrency", "1", *quiet]


def _envoy() -> Path:
    # The wheel's own `envoy` command only starts this one.
    found = list(places.VENV.glob("lib/python3*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise Invalid("envoy is not installed: run bench/install-peers.sh")
    return found[0]
