#!/usr/bin/env python3
"""GitHub's API description, from its address to its pages: import, memory, pages, search.

Writes target/bench/portal.json. Exit status as run.py's.
"""

import argparse
import gzip
import http.client
import http.server
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import places
import report
from gatewright import Api, Demo
from process import Invalid

GITHUB = places.ROOT / "target/openapi-samples/node_modules/@octokit/openapi/generated/api.github.com.json"
SLUG = "github"
OPERATIONS = 300
PATIENCE_S = 120
# What people type who look for something in it; each is also searched letter by letter.
QUERIES = ("list issues", "create a repository", "pull request", "webhook", "actions secrets", "gist comments", "/repos/{owner}/{repo}",
           "code scanning alert", "org members", "rate limit", "workflow run", "check suite", "deploy keys", "team discussion")


def serve(document: bytes) -> http.server.ThreadingHTTPServer:
    """A server that has the document, on a free port of this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def memory_mib(pid: int, name: str) -> float:
    """A figure of /proc/<pid>/status in MiB: VmRSS now, VmHWM the most since it was reset."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise Invalid(f"/proc/{pid}/status has no {name}")


def import_github(api: Api, facts: dict, pid: int, url: str) -> dict:
    """How long the import takes, and how much memory beyond what was used before."""
    idle = memory_mib(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")
    started = time.perf_counter()
    body = {"productId": facts["productId"], "specFormat": "OPENAPI_3", "sourceUrl": url, "slug": SLUG}
    status, spec = api.call("POST", "/docs/api-specs", body)
    if status != 202:
        raise Invalid(f"POST /docs/api-specs gave {status}: {spec}")
    while spec["latest"]["state"] == "IMPORTING":
        if time.perf_counter() - started > PATIENCE_S:
            raise Invalid("the import does not end")
        time.sleep(0.02)
        _, spec = api.call("GET", f"/docs/api-specs/{spec['id']}")
    took = time.perf_counter() - started
    if spec["latest"]["state"] != "PUBLISHED":
        raise Invalid(f"GitHub's description is {spec['latest']}")
    return {
        "import_s": round(took, 3),
        "import_peak_mib": round(memory_mib(pid, "VmHWM") - idle, 1),
        "operations": spec["published"]["operations"],
    }


class Reader:
    """Somebody who reads, over one connection."""

    def __init__(self, url: str):
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def get(self, path: str) -> tuple[float, bytes]:
        """How long an answer took in ms, and the answer."""
        started = time.perf_counter()
        self.connection.request("GET", path, headers={"Accept-Encoding": "identity"})
        response = self.connection.getresponse()
        body = response.read()
        took = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise Invalid(f"GET {path} gave {response.status}")
        return took, body


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all is not above."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def read_operations(reader: Reader, api: Api) -> dict:
    """Operations through the API and as pages, at random, once each was warm."""
    _, overview = api.call("GET", f"/docs/references/{SLUG}")
    slugs = [link["slug"] for tag in overview["tags"] for link in tag["operations"]]
    chosen = random.Random(1).sample(slugs, min(OPERATIONS, len(slugs)))
    figures = {}
    for name, prefix in (("operation_api", f"/api/v1/docs/references/{SLUG}/operations/"), ("operation_page", f"/docs/{SLUG}/operations/")):
        for slug in chosen[:50]:
            reader.get(prefix + slug)
        times, sizes = [], []
        for slug in chosen:
            took, body = reader.get(prefix + slug)
            times.append(took)
            sizes.append(len(gzip.compress(body, 6)))
        figures[f"{name}_p50_ms"] = round(statistics.median(times), 3)
        figures[f"{name}_p99_ms"] = round(percentile(times, 0.99), 3)
        figures[f"{name}_gzip_max_kib"] = round(max(sizes) / 1024, 1)
        figures[f"{name}_gzip_median_kib"] = round(statistics.median(sizes) / 1024, 1)
    return figures


def search(reader: Reader) -> dict:
    """Searches as they are typed, letter by letter from the third on."""
    typed = [query[:length] for query in QUERIES for length in range(3, len(query) + 1)]
    times = []
    for text in typed[:20] + typed:
        took, _ = reader.get("/api/v1/docs/search?" + urllib.parse.urlencode({"q": text}))
        times.append(took)
    times = times[20:]
    return {"search_p50_ms": round(statistics.median(times), 3), "search_p95_ms": round(percentile(times, 0.95), 3)}


def run(options: argparse.Namespace) -> int:
    """Everything; the exit status."""
    places.make_directories()
    binary = options.binary.resolve()
    if not binary.is_file():
        raise Invalid(f"{binary} is missing: cargo build --profile dist -p gatewright")
    if not options.document.is_file():
        raise Invalid(f"{options.document} is missing: scripts/ensure-openapi-samples.sh")
    server = serve(options.document.read_bytes())
    with tempfile.TemporaryDirectory(dir=places.TARGET) as data, Demo(binary, Path(data)) as demo:
        api = Api(demo.facts)
        url = f"http://127.0.0.1:{server.server_port}/api.github.com.json"
        figures = import_github(api, demo.facts, demo.process.pid, url)
        reader = Reader(demo.facts["apiUrl"])
        figures |= read_operations(reader, api)
        figures |= search(reader)
    report.write_json(places.TARGET / "portal.json", figures)
    targets = [
        report.Target("GitHub's description, address to published", figures["import_s"], 5, "s"),
        report.Target("its peak beyond idle", figures["import_peak_mib"], 300, "MiB"),
        report.Target("an operation through the API, p99", figures["operation_api_p99_ms"], 5, "ms"),
        report.Target("an operation's page, p99", figures["operation_page_p99_ms"], 5, "ms"),
        report.Target("an operation's page, gzip, the largest", figures["operation_page_gzip_max_kib"], 25, "KiB"),
        report.Target("search, p95", figures["search_p95_ms"], 30, "ms"),
    ]
    return report.judge(targets, options.warn_only)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=places.BINARY)
    parser.add_argument("--document", type=Path, default=GITHUB)
    parser.add_argument("--warn-only", action="store_true", help="a missed target is no failure")
    try:
        sys.exit(run(parser.parse_args()))
    except Invalid as error:
        print(f"portal.py: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
