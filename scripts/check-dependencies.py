#!/usr/bin/env python3
"""Holds the workspace to its walls: layers, banned crates, licenses, unused dependencies.

Reads `cargo metadata` and the workspace's own sources; builds nothing. One line per finding, exit 1 on any.
`--self-test` proves on invented metadata that every rule can fail.
"""

import collections
import functools
import json
import pathlib
import re
import subprocess
import sys

# --- What is allowed ------------------------------------------------------------------------------------------------

# Each crate and what its arrow names; it may use that and everything below (ARCHITECTURE.md has the same picture).
DOMAINS = ["catalog", "credentials", "identity", "notify", "native", "orchestration", "metering", "billing", "portal",
           "community"]
LAYERS = {
    "types": [],
    "vault": ["types"],
    "spec": ["types"],
    "markup": ["types"],
    "snapshot": ["types"],
    "egress": ["types"],
    "database": ["types", "vault"],
    "catalog": ["database"],
    "credentials": ["catalog", "vault", "snapshot"],
    "identity": ["catalog", "credentials", "egress"],
    "notify": ["database", "vault", "egress"],
    "native": ["identity", "credentials", "snapshot"],
    "connectors": ["types", "egress"],
    "orchestration": ["native", "connectors", "credentials", "notify"],
    "metering": ["credentials", "orchestration"],
    "billing": ["metering", "notify"],
    "portal": ["orchestration", "metering", "spec", "markup"],
    "community": ["identity", "markup", "notify"],
    "gateway": ["snapshot", "egress"],
    "mcp": ["types", "egress"],
    "api": DOMAINS,
    "pages": ["types", "spec"],
    "gatewright": DOMAINS + ["gateway", "mcp", "api", "pages"],
    "vendor-fakes": ["types"],
}
LAYERS["testkit"] = [*LAYERS]
# Only dev-dependencies, and testkit itself, may name these.
DEV_ONLY = {"testkit", "vendor-fakes"}
# Walls that hold along every path, whatever the table above becomes.
NEVER = {"gateway": {"database"}, "snapshot": {"database"}}

BANNED = {
    "openssl": "TLS is rustls", "openssl-sys": "TLS is rustls", "native-tls": "TLS is rustls",
    "ring": "the TLS provider is aws-lc-rs", "pingora*": "the engine is hyper",
}
TLS_PROVIDERS = {"aws-lc-rs", "ring", "openssl", "native-tls", "boring", "s2n-tls", "rustls-rustcrypto",
                 "rustls-graviola", "rustls-symcrypt", "rustls-mbedcrypto-provider", "rustls-wolfcrypt-provider"}

LICENSES = {"MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib",
            "Unicode-3.0", "Unicode-DFS-2016", "CC0-1.0", "MPL-2.0", "0BSD", "BSL-1.0", "CDLA-Permissive-2.0", "Unlicense"}
# More that one crate may have.
LICENSE_EXCEPTIONS = {
    "aws-lc-sys": {"OpenSSL"},  # files that AWS-LC has from OpenSSL, by way of BoringSSL
    "finl_unicode": {"Unicode-DFS-2016"},  # tables from the Unicode Consortium's data, which comrak asks for categories
}

# (crate, dependency): why no source names it.
USED_WITHOUT_NAME: dict[tuple[str, str], str] = {
    ("markup", "gatewright-types"): "fuzz/replay.rs, which its test of the fuzz target includes",
}

PLATFORM = "x86_64-unknown-linux-gnu"
PREFIX = "gatewright-"


# --- The graph ------------------------------------------------------------------------------------------------------

def members(metadata):
    """The workspace's packages by their short names (`gatewright-api` is `api`)."""
    ids = set(metadata["workspace_members"])
    packages = [package for package in metadata["packages"] if package["id"] in ids]
    return {package["name"].removeprefix(PREFIX): package for package in packages}


def switched_on(package, features, edge):
    """Whether a dependency is there at all.

    `cargo metadata` also lists an optional one that only a weak feature (`ring?/std`) mentions; nothing builds it.
    """
    kinds = {kind["kind"] for kind in edge["dep_kinds"]}
    declared = [
        d for d in package["dependencies"]
        if d["kind"] in kinds and (d["rename"] or d["name"]).replace("-", "_") == edge["name"]
    ]
    # A library may have another name than its package; then no declaration is found, and the edge counts.
    if not declared or not all(d["optional"] for d in declared):
        return True
    wanted = {d["rename"] or d["name"] for d in declared}
    values = [value for feature in features for value in package["features"].get(feature, [f"dep:{feature}"])]
    return any(value.removeprefix("dep:").split("/")[0] in wanted for value in values if ":" in value or "/" in value)


def edges(metadata, kinds):
    """Package id -> ids it depends on, through dependencies of these kinds (None is a normal one)."""
    packages = {package["id"]: package for package in metadata["packages"]}
    graph = {}
    for node in metadata["resolve"]["nodes"]:
        package = packages[node["id"]]
        graph[node["id"]] = [
            dep["pkg"] for dep in node["deps"]
            if any(kind["kind"] in kinds for kind in dep["dep_kinds"])
            and switched_on(package, node["features"], dep)
        ]
    return graph


def paths(graph, roots):
    """Every id that can be reached -> one of the shortest ways there."""
    found = {root: [root] for root in roots}
    queue = collections.deque(roots)
    while queue:
        here = queue.popleft()
        for there in graph[here]:
            if there not in found:
                found[there] = found[here] + [there]
                queue.append(there)
    return found


# --- The rules: each yields one line per finding ---------------------------------------------------------------------

@functools.cache
def below(crate):
    """Everything that a crate may use."""
    return frozenset().union(*({arrow} | below(arrow) for arrow in LAYERS[crate]))


def check_layers(metadata):
    workspace = members(metadata)
    uses = {
        crate: {
            d["name"].removeprefix(PREFIX) for d in package["dependencies"]
            if d["kind"] != "dev" and d["source"] is None
        }
        for crate, package in workspace.items()
    }
    for crate in sorted(uses):
        if crate not in LAYERS:
            yield f"layers: {crate} is in no layer; add it to the table in scripts/check-dependencies.py"
            continue
        for used in sorted(uses[crate] - below(crate)):
            allowed = ", ".join(sorted(below(crate))) or "nothing"
            yield f"layers: {crate} uses {used}; it may use {allowed}"
        for used in sorted(uses[crate] & DEV_ONLY):
            if crate not in DEV_ONLY:
                yield f"layers: {crate} uses {used} outside [dev-dependencies]"
    for crate in sorted(NEVER.keys() & uses.keys()):
        reached = paths(collections.defaultdict(list, {k: sorted(v) for k, v in uses.items()}), [crate])
        for wall in sorted(NEVER[crate] & reached.keys()):
            yield f"layers: {crate} must never reach {wall}: {' > '.join(reached[wall])}"


def check_banned(metadata):
    packages = {package["id"]: package for package in metadata["packages"]}
    built = paths(edges(metadata, {None, "build"}), metadata["workspace_members"])
    providers = []
    for id in sorted(built, key=lambda id: packages[id]["name"]):
        name = packages[id]["name"]
        way = " > ".join(packages[step]["name"] for step in built[id])
        for banned, reason in BANNED.items():
            if name == banned or (banned.endswith("*") and name.startswith(banned[:-1])):
                yield f"banned: {name} {packages[id]['version']} ({reason}): {way}"
        if name in TLS_PROVIDERS:
            providers.append(f"{name} {packages[id]['version']} ({way})")
    if len(providers) > 1:
        yield f"banned: more than one TLS provider: {'; '.join(providers)}"


def license_allowed(expression, allowed):
    """Evaluates an SPDX expression (Annex D of SPDX 2.3): WITH binds before AND, AND before OR.

    Raises ValueError when it is none. Cargo's old `MIT/Apache-2.0` means OR.
    """
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def take(token=None):
        if not tokens or token not in (None, tokens[0]):
            raise ValueError(f"expected {token or 'a license'}")
        return tokens.pop(0)

    def one():
        if tokens[:1] == ["("]:
            take()
            inner = either()
            take(")")
            return inner
        name = take()
        if name in {"AND", "OR", "WITH", ")"}:
            raise ValueError(f"{name} stands where a license should")
        if tokens[:1] == ["WITH"]:
            name = f"{name} {take()} {take()}"
        return name in allowed

    def both():
        result = one()
        while tokens[:1] == ["AND"]:
            take()
            result &= one()
        return result

    def either():
        result = both()
        while tokens[:1] == ["OR"]:
            take()
            result |= both()
        return result

    result = either()
    if tokens:
        raise ValueError(f"{tokens[0]} stands where nothing should")
    return result


def check_licenses(metadata):
    packages = {package["id"]: package for package in metadata["packages"]}
    reached = paths(edges(metadata, {None, "build", "dev"}), metadata["workspace_members"])
    for id, way in sorted(reached.items()):
        name, expression = packages[id]["name"], packages[id]["license"]
        through = " > ".join(packages[step]["name"] for step in way)
        try:
            if not expression:
                yield f"licenses: {name} names no SPDX license: {through}"
            elif not license_allowed(expression, LICENSES | LICENSE_EXCEPTIONS.get(name, set())):
                yield f"licenses: {name} is under {expression}: {through}"
        except ValueError as error:
            yield f"licenses: {name} has a license that cannot be read, {expression!r}: {error}"


def without_comments(source):
    """Rust without its comments; strings stay, since serde's `with = "…"` names crates in them."""
    pattern = r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, lambda match: match[1] or " ", source, flags=re.DOTALL)


def names_crate(source, crate):
    """Whether Rust source uses a crate: `crate::…` at the start of a path, or `use crate` or `extern crate crate`."""
    return re.search(rf"(?<!\w::)\b{crate}\s*::|\b(?:use|extern\s+crate)\s+(?:::)?{crate}\b", source) is not None


def check_unused(metadata, read_sources, used_without_name):
    """`read_sources(package, places)` gives the Rust text under these places of a package's folder."""
    library_names = {
        package["name"]: target["name"].replace("-", "_")
        for package in metadata["packages"] for target in package["targets"]
        if {"lib", "rlib", "proc-macro", "dylib", "cdylib"} & set(target["kind"])
    }
    places = {None: ["src"], "build": ["build.rs"], "dev": ["src", "tests", "benches", "examples"]}
    excused = set(used_without_name)
    for crate, package in sorted(members(metadata).items()):
        sources = {kind: without_comments(read_sources(package, where)) for kind, where in places.items()}
        for dependency in package["dependencies"]:
            name, kind = dependency["name"], dependency["kind"]
            extern = (dependency["rename"] or library_names.get(name, name)).replace("-", "_")
            if names_crate(sources[kind], extern):
                continue
            if (crate, name) in used_without_name:
                excused.discard((crate, name))
                continue
            yield f"unused: {crate} names {name} and no file of {', '.join(places[kind])} uses {extern}"
    for crate, name in sorted(excused):
        yield f"unused: the exception for {name} in {crate} is not needed any more"


# --- Running it -----------------------------------------------------------------------------------------------------

def read_sources(package, places):
    folder = pathlib.Path(package["manifest_path"]).parent
    files = [file for place in places for file in [folder / place, *(folder / place).rglob("*.rs")] if file.is_file()]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def check(metadata, read_sources, used_without_name):
    return [
        *check_layers(metadata),
        *check_banned(metadata),
        *check_licenses(metadata),
        *check_unused(metadata, read_sources, used_without_name),
    ]


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:]:
        sys.exit("usage: check-dependencies.py [--self-test]")
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM]
    root = pathlib.Path(__file__).resolve().parent.parent
    cargo = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=False)
    if cargo.returncode != 0:
        sys.exit(f"{' '.join(command)} failed")
    metadata = json.loads(cargo.stdout)
    findings = check(metadata, read_sources, USED_WITHOUT_NAME)
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(1)
    print(f"dependencies: {len(metadata['workspace_members'])} crates of ours keep to their layers, bans and licenses")


# --- Self-test ------------------------------------------------------------------------------------------------------

class Invented:
    """Metadata of a small workspace that breaks no rule, to be spoiled."""

    def __init__(self):
        self.packages, self.sources = {}, {}
        for name in ["types", "vault", "snapshot", "database", "catalog", "gateway", "testkit"]:
            self.crate(PREFIX + name, license="Apache-2.0", ours=True)
        for name in ["rustls", "aws-lc-rs", "serde"]:
            self.crate(name, license="Apache-2.0 OR ISC OR MIT")
        for name, on in [("vault", "types"), ("snapshot", "types"), ("database", "vault"), ("catalog", "database"),
                         ("gateway", "snapshot"), ("testkit", "gateway"), ("testkit", "catalog")]:
            self.uses(PREFIX + name, PREFIX + on)
        self.uses(PREFIX + "catalog", PREFIX + "testkit", kind="dev")
        self.uses(PREFIX + "gateway", "rustls")
        self.uses("rustls", "aws-lc-rs")
        self.uses(PREFIX + "types", "serde")

    def crate(self, name, license="MIT", ours=False):
        self.packages[name] = {
            "id": name, "name": name, "version": "1.0.0", "license": license, "dependencies": [], "features": {},
            "targets": [{"kind": ["lib"], "name": name.replace("-", "_")}], "ours": ours, "on": [], "active": [],
        }

    def uses(self, name, on, kind=None, optional=False, named=True):
        source = None if self.packages[on]["ours"] else "registry"
        self.packages[name]["dependencies"].append(
            {"name": on, "rename": None, "kind": kind, "optional": optional, "source": source})
        self.packages[name]["on"].append((on, kind))
        if named:
            self.sources[name] = self.sources.get(name, "") + f"use {on.replace('-', '_')}::Thing;\n"

    def metadata(self):
        nodes = [
            {"id": name, "features": package["active"], "deps": [
                {"name": on.replace("-", "_"), "pkg": on, "dep_kinds": [{"kind": kind}]} for on, kind in package["on"]]}
            for name, package in self.packages.items()
        ]
        ours = [name for name, package in self.packages.items() if package["ours"]]
        return {"packages": list(self.packages.values()), "workspace_members": ours, "resolve": {"nodes": nodes}}

    def findings(self, used_without_name=()):
        return check(self.metadata(), lambda package, _: self.sources.get(package["name"], ""), used_without_name)


def spoiled(change):
    """The findings after one change to a workspace that has none."""
    workspace = Invented()
    extra = change(workspace)
    return workspace.findings(extra or ())


def third_party(name, user="rustls", license="MIT", **options):
    """A change: `user` comes to depend on a new crate."""
    def change(workspace):
        workspace.crate(name, license=license)
        workspace.uses(user, name, **options)
    return change


def weak_feature(workspace):
    third_party("ring", optional=True)(workspace)
    # Its own tests need it, which is not our affair.
    workspace.packages["rustls"]["dependencies"].append(
        {"name": "ring", "rename": None, "kind": "dev", "optional": False, "source": "registry"})
    workspace.packages["rustls"].update(features={"std": ["ring?/std"], "ring": ["dep:ring"]}, active=["std"])


def strong_feature(workspace):
    weak_feature(workspace)
    workspace.packages["rustls"]["active"] = ["std", "ring"]


def own_crate(name):
    return lambda workspace: workspace.crate(PREFIX + name, license="MIT", ours=True)


def arrow(name, on, **options):
    return lambda workspace: workspace.uses(PREFIX + name, PREFIX + on, **options)


def commented_out(workspace):
    workspace.sources["gatewright-types"] = "// serde::Serialize\n/* use serde; */ fn f() { other::serde::g(\"//\") }"


def wall_around_the_table(workspace):
    """The arrow would be legal, were the table changed; the wall still stands."""
    workspace.uses("gatewright-snapshot", "gatewright-database")


def self_test():
    cases = [
        ("a clean workspace", lambda _: None, []),
        ("an arrow upward", arrow("vault", "catalog"), ["layers: vault uses catalog; it may use types"]),
        ("an arrow of a build script", arrow("types", "vault", kind="build"),
         ["layers: types uses vault; it may use nothing"]),
        ("dev-dependencies have no layers", arrow("types", "database", kind="dev"), []),
        ("an arrow down two steps", arrow("catalog", "types"), []),
        ("a crate without a layer", own_crate("annex"), ["layers: annex is in no layer"]),
        ("testkit in what ships", arrow("catalog", "testkit"),
         ["layers: catalog uses testkit; it may", "layers: catalog uses testkit outside [dev-dependencies]"]),
        ("gateway to database", arrow("gateway", "database"),
         ["layers: gateway uses database", "layers: gateway must never reach database: gateway > database"]),
        ("gateway to database through another", wall_around_the_table,
         ["layers: snapshot uses database", "layers: gateway must never reach database: gateway > snapshot > database",
          "layers: snapshot must never reach database: snapshot > database"]),
        ("a banned crate", third_party("openssl-sys"), ["banned: openssl-sys 1.0.0 (TLS is rustls): gatewright-"]),
        ("a banned family", third_party("pingora-core"), ["banned: pingora-core 1.0.0"]),
        ("a banned crate of tests only", third_party("pingora", user="gatewright-types", kind="dev"), []),
        ("ring behind a weak feature", weak_feature, []),
        ("ring behind a feature that is on", strong_feature,
         ["banned: ring 1.0.0", "banned: more than one TLS provider: aws-lc-rs 1.0.0 (gatewright-"]),
        ("two TLS providers", third_party("boring"), ["banned: more than one TLS provider"]),
        ("a license that is not allowed", third_party("a", license="AGPL-3.0"), ["licenses: a is under AGPL-3.0"]),
        ("no license", third_party("a", license=None), ["licenses: a names no SPDX license"]),
        ("a broken license", third_party("a", license="MIT OR"), ["licenses: a has a license that cannot be read"]),
        ("a license exception elsewhere", third_party("a", license="OpenSSL"), ["licenses: a is under OpenSSL"]),
        ("a license exception", third_party("aws-lc-sys", license="ISC AND OpenSSL"), []),
        ("an unused dependency", third_party("a", user="gatewright-types", named=False),
         ["unused: types names a and no file of src uses a"]),
        ("an unused dev-dependency", third_party("a", user="gatewright-types", named=False, kind="dev"),
         ["unused: types names a and no file of src, tests"]),
        ("a use in comments only", commented_out, ["unused: types names serde"]),
        ("an excused dependency",
         lambda w: third_party("a", user="gatewright-types", named=False)(w) or {("types", "a"): "why"}, []),
        ("an excuse too many", lambda _: {("types", "serde"): "why"},
         ["unused: the exception for serde in types is not needed any more"]),
    ]
    for name, change, expected in cases:
        found = spoiled(change)
        agree = len(found) == len(expected) and all(f.startswith(e) for f, e in zip(found, expected))
        assert agree, f"{name}: expected {expected}, found {found}"
    expressions = {
        "MIT": True, "GPL-3.0": False, "MIT/Apache-2.0": True, "GPL-2.0/MIT": True, "GPL-2.0 AND MIT": False,
        "MIT OR GPL-2.0 AND GPL-3.0": True, "(MIT OR GPL-2.0) AND GPL-3.0": False,
        "Apache-2.0 WITH LLVM-exception": True, "MIT WITH LLVM-exception": False,
        "ISC AND (GPL-2.0 OR (MIT AND Zlib))": True,
    }
    for expression, allowed in expressions.items():
        assert license_allowed(expression, LICENSES) == allowed, expression
    for broken in ["", "MIT MIT", "(MIT", "MIT)", "AND MIT", "MIT WITH"]:
        try:
            license_allowed(broken, LICENSES)
        except ValueError:
            continue
        raise AssertionError(f"{broken!r} is no license expression")
    assert below("gateway") == {"snapshot", "egress", "types"}, "the data plane knows nothing else"
    print(f"self-test: {len(cases)} workspaces and {len(expressions) + 6} license expressions judged rightly")


if __name__ == "__main__":
    main()
