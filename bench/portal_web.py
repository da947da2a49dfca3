#!/usr/bin/env python3
"""One operation of GitHub's description in a browser: until it is readable, beside Scalar, Redoc and Swagger UI; and Lighthouse.

Adds to target/bench/portal.json, which portal.py writes. Exit status as run.py's.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import places
import portal
import report
from gatewright import Api, Demo
from process import Invalid

# Said of the operation that each of them is asked to show.
TEXT = "Any user with pull access to a repository can create an issue"
OPERATION = f"/docs/{portal.SLUG}/operations/issues-create"
SCORE = 95
PATIENCE_S = 1800


def look(asked: dict) -> dict:
    """What the browser saw."""
    command = [str(places.ROOT / "scripts/ensure-node.sh"), "node", str(places.ROOT / "bench/portal_web.mjs"), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode != 0:
        raise Invalid(f"portal_web.mjs: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(options: argparse.Namespace) -> int:
    """Everything; the exit status."""
    places.make_directories()
    if not (places.ROOT / "target/renderers/node_modules").is_dir():
        raise Invalid("target/renderers is missing: scripts/ensure-renderers.sh")
    source = portal.Source(options.document.read_bytes())
    with tempfile.TemporaryDirectory(dir=places.TARGET) as data, Demo(options.binary.resolve(), Path(data)) as demo:
        portal.publish(Api(demo.facts), demo.facts["productId"], demo.process.pid, source)
        site = demo.facts["portalUrl"]
        seen = look({"home": site + "/", "operation": site + OPERATION, "text": TEXT, "document": str(options.document), "runs": options.runs})
    source.server.shutdown()
    written = places.TARGET / "portal.json"
    figures = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else {}
    report.write_json(written, figures | {"web": seen})
    for name, one in seen["readable"].items():
        took = "not within 90 s" if one["readable_ms"] is None else f"{one['readable_ms']} ms"
        print(f"{name:12} readable after {took}, {one['transferred_kib']} KiB")
    for name, scores in seen["lighthouse"].items():
        if scores["missed"]:
            print(f"Lighthouse on {name}: {', '.join(scores['missed'])}")
    # The report takes what must not be exceeded, so scores are counted from above.
    targets = [
        report.Target(f"Lighthouse, {name}: points missing in {category}", 100 - scores[category], 100 - SCORE)
        for name, scores in seen["lighthouse"].items()
        for category in ("performance", "accessibility", "seo")
    ]
    return report.judge(targets, options.warn_only)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=places.BINARY)
    parser.add_argument("--document", type=Path, default=portal.GITHUB)
    parser.add_argument("--runs", type=int, default=3, help="visits of each renderer")
    parser.add_argument("--warn-only", action="store_true", help="a missed target does not fail")
    try:
        sys.exit(run(parser.parse_args()))
    except Invalid as reason:
        print(f"invalid: {reason}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
