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


class Source:
    """A server on a free port of this machine that has the document."""

    def __init__(self, document: bytes):
        self.document = document
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/api.github.com.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self) -> type:
        """What answers."""
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                document = source.document
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_):
                pass

        return Handler

    def change(self):
        """Another title for one operation, as a release has it."""
        changed = self.document.replace(b'"GitHub API Root"', b'"GitHub API root"')
        if changed == self.document:
            raise Invalid("the document is not the one that is known here")
        self.document = changed


def memory_mib(pid: int, name: str) -> float:
    """A figure of /proc/<pid>/status in MiB: VmRSS now, VmHWM the most since it was reset."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise Invalid(f"/proc/{pid}/status has no {name}")


def until_imported(api: Api, pid: int, path: str, body: dict) -> tuple[dict, float, float]:
    """Asks for an import: the description then, how long it took, and the most memory meanwhile in MiB."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")
    started = time.perf_counter()
    status, spec = api.call("POST", path, body)
    if status != 202:
        raise Invalid(f"POST {path} gave {status}: {spec}")
    while spec["latest"]["state"] == "IMPORTING":
        if time.perf_counter() - started > PATIENCE_S:
            raise Invalid("the import does not end")
        time.sleep(0.02)
        _, spec = api.call("GET", f"/docs/api-specs/{spec['id']}")
    took = time.perf_counter() - started
    if spec["latest"]["state"] != "PUBLISHED":
        raise Invalid(f"GitHub's description is {spec['latest']}")
    return spec, round(took, 3), memory_mib(pid, "VmHWM")


def publish(api: Api, product_id: str, pid: int, source: Source) -> tuple[dict, float, float]:
    """Its first publication, as until_imported says it."""
    body = {"productId": product_id, "specFormat": "OPENAPI_3", "sourceUrl": source.url, "slug": SLUG}
    return until_imported(api, pid, "/docs/api-specs", body)


def import_github(api: Api, product_id: str, pid: int, source: Source) -> dict:
    """Its first publication, and a second one, which is compared with what is published."""
    idle = memory_mib(pid, "VmRSS")
    spec, first_s, first_mib = publish(api, product_id, pid, source)
    source.change()
    spec, again_s, again_mib = until_imported(api, pid, f"/docs/api-specs/{spec['id']}/revisions", {})
    return {
        "import_s": first_s,
        "import_peak_mib": round(first_mib - idle, 1),
        "import_again_s": again_s,
        "import_again_peak_mib": round(again_mib - idle, 1),
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
    source = Source(options.document.read_bytes())
    with tempfile.TemporaryDirectory(dir=places.TARGET) as data, Demo(binary, Path(data)) as demo:
        api = Api(demo.facts)
        figures = import_github(api, demo.facts["productId"], demo.process.pid, source)
        reader = Reader(demo.facts["apiUrl"])
        figures |= read_operations(reader, api)
        figures |= search(reader)
    report.write_json(places.TARGET / "portal.json", figures)
    targets = [
        report.Target("GitHub's description, address to published", figures["import_s"], 5, "s"),
        report.Target("its peak beyond idle", figures["import_peak_mib"], 300, "MiB"),
        report.Target("the same again, changed", figures["import_again_s"], 5, "s"),
        report.Target("its peak beyond idle", figures["import_again_peak_mib"], 300, "MiB"),
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
