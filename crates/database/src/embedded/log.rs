//! The server's log: one file that stays small, and whose end explains a failure.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files;

/// The log is cut when it grows past this, in bytes.
const LOG_LIMIT: u64 = 8 << 20;
/// What is kept in `postgresql.log.1` when it is cut, in bytes.
const KEPT_TAIL: u64 = 1 << 20;
/// How often a running server's log is looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// How much of the log's end is read to explain a failure, in bytes.
const EXPLAINED_TAIL: u64 = 8 << 10;
/// Longest explanation, in characters.
const SUMMARY_LIMIT: usize = 400;

/// Opens the log for a server to append to; returns its length too.
pub(super) fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = files::open_private(path, OpenOptions::new().append(true))?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Keeps a running server's log small, until aborted.
pub(super) async fn keep_small(path: PathBuf) {
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        if let Err(error) = cut(&path, LOG_LIMIT) {
            tracing::warn!(path = %path.display(), %error, "cannot cut the log of PostgreSQL");
        }
    }
}

/// Empties a log that is longer than `limit` and keeps its end beside it.
///
/// The server has it open for appending, so that it goes on at the new end. Lines written between the
/// copy and the cut are lost.
pub(super) fn cut(path: &Path, limit: u64) -> io::Result<()> {
    if fs::metadata(path).map_or(0, |metadata| metadata.len()) <= limit {
        return Ok(());
    }
    let mut log = files::open_private(path, OpenOptions::new().read(true).write(true))?;
    let tail = tail(&mut log, 0, KEPT_TAIL.min(limit))?;
    let kept = path.with_extension("log.1");
    files::open_private(&kept, OpenOptions::new().write(true).truncate(true))?.write_all(&tail)?;
    log.set_len(0)
}

/// [`cut`] at the limit for logs.
pub(super) fn cut_if_long(path: &Path) -> io::Result<()> {
    cut(path, LOG_LIMIT)
}

/// What the log says since `from`, on one line.
pub(super) fn explain(path: &Path, from: u64) -> String {
    let read = || tail(&mut File::open(path)?, from, EXPLAINED_TAIL);
    read().map_or_else(
        |error| format!("its log cannot be read: {error}"),
        |bytes| summary(&String::from_utf8_lossy(&bytes)),
    )
}

/// One line of many: from the first that tells of a failure, else the last.
pub(super) fn summary(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let failure = |line: &&str| ["FATAL:", "PANIC:", "error"].iter().any(|word| line.contains(word));
    let first = lines.iter().position(failure).unwrap_or(lines.len().saturating_sub(1));
    let summary: String = lines[first..].join("; ").chars().take(SUMMARY_LIMIT).collect();
    if summary.is_empty() {
        "it said nothing".to_owned()
    } else {
        summary
    }
}

/// The last `limit` bytes of a file, or less if there are fewer after `from`.
fn tail(file: &mut File, from: u64, limit: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let start = from.min(length).max(length.saturating_sub(limit));
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_cut_under_a_writer_and_its_end_is_kept() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("postgresql.log");
        let (mut writer, _) = open(&path).unwrap();
        for line in 0..1000 {
            writeln!(writer, "line {line:03}").unwrap();
        }
        cut(&path, 9000).unwrap();
        assert_eq!(
            path.metadata().unwrap().len(),
            9000,
            "not longer than the limit: left alone"
        );
        cut(&path, 90).unwrap();
        writeln!(writer, "after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
        let kept = fs::read_to_string(scratch.path().join("postgresql.log.1")).unwrap();
        assert!(kept.starts_with("line 990\n") && kept.ends_with("line 999\n"), "{kept}");
    }

    #[test]
    fn an_explanation_is_one_line_and_begins_at_the_failure_of_this_start() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("postgresql.log");
        let before = "FATAL:  yesterday\n";
        fs::write(
            &path,
            format!("{before}LOG:  starting\nFATAL:  bad parameter\nHINT:  Fix it.\n"),
        )
        .unwrap();
        assert_eq!(
            explain(&path, before.len() as u64),
            "FATAL:  bad parameter; HINT:  Fix it."
        );
        assert_eq!(summary("\n\n"), "it said nothing");
        assert_eq!(summary(&"x".repeat(1000)).len(), SUMMARY_LIMIT);
    }
}
