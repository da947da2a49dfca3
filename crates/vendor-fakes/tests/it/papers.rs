//! Recordings and descriptions of vendors. They are not part of the project; where they are, they judge.

use std::io::Write as _;
use std::path::PathBuf;

/// The file below `GATEWRIGHT_TEST_VENDOR_DIR`, or below `shared` beside the project; `None`, said aloud, where it is not.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GATEWRIGHT_TEST_VENDOR_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| project().join("../shared"));
    let file = folder.join(name);
    if file.exists() {
        return Some(file);
    }
    skipped(&format!(
        "{} is not there; GATEWRIGHT_TEST_VENDOR_DIR names the folder that has it",
        file.display()
    ));
    None
}

/// The project's root.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Says that a test did not run, where the runner does not swallow it.
pub(crate) fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "{test} was skipped: {why}");
}
