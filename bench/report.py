"""Medians, the table, the targets, and the files that keep them."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

HEADINGS = ("case", "engine", "req/s", "CPU µs/req", "p50 ms", "p99 ms", "Pss MiB")


@dataclass(frozen=True)
class Sample:
    """One round of one engine in one case; `rss_mib` is proportional (Pss), so shared pages count once."""

    case: str
    engine: str
    requests_per_second: float
    cpu_us_per_request: float
    p50_ms: float
    p99_ms: float
    rss_mib: float


@dataclass(frozen=True)
class Target:
    """A figure and the most that it may be."""

    name: str
    value: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value <= self.limit

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        verdict = "" if self.met else "  MISSED"
        return f"{self.name} = {self.value:.2f}{unit} (target ≤ {self.limit:g}{unit}){verdict}"


def medians(samples: list[Sample]) -> list[Sample]:
    """One sample for each case and engine: the median of each figure over the rounds."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.case, sample.engine), []).append(sample)
    results = []
    for (case, engine), group in groups.items():
        figures = {
            name: round(statistics.median(getattr(sample, name) for sample in group), 3)
            for name in ("requests_per_second", "cpu_us_per_request", "p50_ms", "p99_ms", "rss_mib")
        }
        results.append(Sample(case, engine, **figures))
    return results


def print_table(results: list[Sample]) -> None:
    """The table, and what must be known to read it."""
    rows = [HEADINGS]
    for result in results:
        rows.append(
            (
                result.case,
                result.engine,
                f"{result.requests_per_second:,.0f}",
                f"{result.cpu_us_per_request:.2f}",
                f"{result.p50_ms:.2f}",
                f"{result.p99_ms:.2f}",
                f"{result.rss_mib:.1f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    print()
    for number, row in enumerate(rows):
        names = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2])]
        figures = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:])]
        print("  ".join(names + figures))
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print("\nenvoy has no part in `key`: it cannot look up a header's SHA-256 without a filter written for it.")
    print("nginx-lua has no part in `plain` and `post16k`: without its Lua it is nginx.\n")


def ratio_targets(results: list[Sample]) -> list[Target]:
    """Gatewright's CPU per request beside its peers', where both were measured."""
    cpu = {(result.case, result.engine): result.cpu_us_per_request for result in results}
    targets = []
    for case, peer, limit in (("key", "nginx-lua", 0.85), ("plain", "nginx", 1.25)):
        ours, theirs = cpu.get((case, "gatewright")), cpu.get((case, peer))
        if ours is not None and theirs is not None:
            targets.append(Target(f"{case}: CPU per request, gatewright / {peer}", ours / theirs, limit))
    return targets


def write_samples(path: Path, results: list[Sample]) -> None:
    """Writes the medians as a JSON list."""
    write_json(path, [asdict(result) for result in results])


def write_json(path: Path, value) -> None:
    """Writes a value as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def judge(targets: list[Target], warn_only: bool) -> int:
    """Prints every target; the exit status: 1 when one is missed, unless that is only to be told."""
    for target in targets:
        print(target)
    missed = [target for target in targets if not target.met]
    if missed:
        print(f"\n{len(missed)} of {len(targets)} targets missed")
    return 1 if missed and not warn_only else 0
