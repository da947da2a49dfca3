//! The Debian package, the unit and the Containerfile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::home::skipped;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .unwrap()
        .status
        .success()
}

fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {stdout}{stderr}");
    stdout.into_owned()
}

fn build(folder: &Path) -> PathBuf {
    let made = run(Command::new(format!("{ROOT}/scripts/package-deb.sh"))
        .arg(env!("CARGO_BIN_EXE_gatewright"))
        .arg(folder)
        .env("GATEWRIGHT_PACKAGE_COMPRESSION", "-Zgzip -z1"));
    PathBuf::from(made.trim())
}

#[test]
fn the_package_installs_runs_and_is_removed_without_its_data() {
    if !there("dpkg-deb") || !rustix::process::geteuid().is_root() {
        skipped("installing a package needs dpkg and root");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let package = build(scratch.path());
    let root = scratch.path().join("root");
    fs::create_dir_all(root.join("var/lib/dpkg")).unwrap();
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let dpkg = |arguments: &[&str]| {
        let mut command = Command::new("dpkg");
        command.arg(format!("--root={}", root.display()));
        // The root has neither a shell nor a C library: the scripts run outside and are told where it is.
        command
            .args(["--force-script-chrootless", "--force-depends"])
            .args(arguments);
        run(&mut command)
    };
    dpkg(&["--install", package.to_str().unwrap()]);
    assert!(
        dpkg(&["--verify", "gatewright"]).is_empty(),
        "every file is as packaged"
    );
    let files = dpkg(&["--listfiles", "gatewright"]);
    for file in [
        "/usr/bin/gatewright",
        "/usr/lib/systemd/system/gatewright.service",
        "/etc/gatewright/gatewright.toml",
        "/usr/share/doc/gatewright/operating.md",
        "/usr/share/doc/gatewright/copyright",
    ] {
        assert!(files.lines().any(|line| line == file), "{file}: {files}");
    }
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(
        users
            .lines()
            .any(|line| line.starts_with("gatewright:") && line.contains("/nologin"))
    );

    let installed = root.join("usr/bin/gatewright");
    let version = run(Command::new(&installed).arg("--version"));
    assert_eq!(version.trim(), concat!("gatewright ", env!("CARGO_PKG_VERSION")));
    let config = root.join("etc/gatewright/gatewright.toml");
    let doctor = run(Command::new(&installed)
        .args(["doctor", "--json", "--config"])
        .arg(&config)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GATEWRIGHT_HTTP_ADDR", "127.0.0.1:0")
        .env("GATEWRIGHT_GATEWAY_ADDR", "127.0.0.1:0"));
    assert!(
        doctor.contains("\"fine\": true") && doctor.contains("/var/lib/gatewright"),
        "{doctor}"
    );

    let data = root.join("var/lib/gatewright/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("kept"), "").unwrap();
    fs::write(&config, "log = \"warn\"\n").unwrap();
    dpkg(&["--install", package.to_str().unwrap()]);
    assert_eq!(
        fs::read_to_string(&config).unwrap(),
        "log = \"warn\"\n",
        "settings are kept"
    );
    dpkg(&["--purge", "gatewright"]);
    assert!(!installed.exists() && !config.exists() && data.join("kept").exists());
}

#[test]
fn the_unit_is_what_systemd_understands() {
    let unit = fs::read_to_string(format!("{ROOT}/packaging/gatewright.service")).unwrap();
    for line in ["Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "User=gatewright"] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    if !there("systemd-analyze") {
        skipped("systemd-analyze is not here");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    // It looks whether the program is there.
    let unit = unit.replace("/usr/bin/gatewright", env!("CARGO_BIN_EXE_gatewright"));
    let path = scratch.path().join("gatewright.service");
    fs::write(&path, unit).unwrap();
    let mut verify = Command::new("systemd-analyze");
    let output = verify.args(["verify", "--man=no"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("gatewright")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

/// Instructions with their continuation lines joined, without comments.
fn instructions(file: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = file
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap();
            (name.to_owned(), rest.trim().to_owned())
        })
        .collect()
}

#[test]
fn the_containerfile_builds_from_what_is_here_and_runs_without_root() {
    let file = fs::read_to_string(format!("{ROOT}/Containerfile")).unwrap();
    let all = instructions(&file);
    let known = [
        "FROM",
        "RUN",
        "WORKDIR",
        "COPY",
        "ENV",
        "USER",
        "VOLUME",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ];
    for (name, rest) in &all {
        assert!(known.contains(&name.as_str()), "{name} {rest}");
    }
    let of = |wanted: &'static str| {
        let found = all.iter().filter(move |(name, _)| name == wanted);
        found.map(|(_, rest)| rest.as_str())
    };
    assert_eq!(of("FROM").count(), 2);
    assert!(of("FROM").all(|image| image.contains(':')), "no image without a tag");
    for copy in of("COPY").filter(|copy| !copy.starts_with("--from")) {
        let words: Vec<&str> = copy.split_whitespace().collect();
        for source in &words[..words.len() - 1] {
            assert!(Path::new(ROOT).join(source).exists(), "{source}");
        }
    }
    // Everything that the sources include from outside their crate is there when it is built.
    let copied: Vec<&str> = of("COPY").flat_map(str::split_whitespace).collect();
    for needed in ["crates", "migrations", "docs/errors", ".sqlx", "Cargo.lock"] {
        assert!(copied.contains(&needed), "{needed}");
    }
    let rust = fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    let version = rust
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"');
    assert!(of("FROM").next().unwrap().contains(&format!("rust:{version}-")));
    let user = of("USER").next_back().unwrap();
    assert!(
        user.chars().next().unwrap().is_ascii_digit() && !user.starts_with('0'),
        "{user}"
    );
    for json in of("ENTRYPOINT")
        .chain(of("CMD"))
        .chain(of("HEALTHCHECK").map(|check| &check[check.find('[').unwrap()..]))
    {
        let words: Vec<String> = serde_json::from_str(json).unwrap();
        assert!(!words.is_empty());
    }
}
