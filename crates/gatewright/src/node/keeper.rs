//! What the node knows, in memory and on disk.
//!
//! `knowledge` is everything at some moment, sealed. News that came later stand in a journal, a line
//! each, synced before they are acknowledged. When `knowledge` is written again, a new journal begins
//! first, so that nothing is ever in neither. `snapshot` is the last good configuration.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use gatewright_snapshot::AccessChange;
use gatewright_snapshot::protocol::{NEWS_LINE_MAX_BYTES, News};
use gatewright_types::ids::NodeId;
use gatewright_types::{Clock, CredentialHash};
use serde::{Deserialize, Serialize};

use super::control::SNAPSHOT_MAX_BYTES;
use super::files;
use super::knowledge::{Knowledge, Known, Line, Pushed};

/// The form of the files; another one is refused.
const FORMAT: u32 = 1;
/// Longest file of knowledge, in bytes: what fits into memory, in JSON.
const KNOWLEDGE_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Longest journal that is read, in bytes; it is begun anew long before.
const JOURNAL_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// From when on a journal is begun anew, in bytes.
const JOURNAL_FULL_BYTES: u64 = 16 * 1024 * 1024;
/// Shortest time between two writings.
const SAVE_INTERVAL: Duration = Duration::from_secs(2);
/// Writing takes at most this part of the time.
const SAVE_SHARE: u32 = 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    format: u32,
    node_id: NodeId,
    /// The last news that this holds; none when it was never connected.
    position: Option<u64>,
    /// The first journal that is not in it.
    journal: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SnapshotHead {
    format: u32,
    node_id: NodeId,
    etag: String,
}

pub(super) struct Keeper {
    folder: PathBuf,
    node_id: NodeId,
    clock: Clock,
    kept: Mutex<Kept>,
    /// Something was learned since the last writing.
    is_dirty: AtomicBool,
    /// One writing at a time, from when it is decided what to write.
    writing: Mutex<()>,
}

struct Kept {
    knowledge: Knowledge,
    pushed: Pushed,
    position: Option<u64>,
    journal: Option<Journal>,
    next_journal: u64,
    /// The node was revoked: nothing may be written any more.
    is_wiped: bool,
}

struct Journal {
    file: File,
    length: u64,
}

impl Keeper {
    /// Reads what is on disk; also returns the configuration with its name.
    pub(super) fn open(folder: &Path, node_id: NodeId, clock: Clock) -> (Self, Option<(String, Vec<u8>)>) {
        let mut kept = Kept {
            knowledge: Knowledge::new(),
            pushed: Pushed::new(),
            position: None,
            journal: None,
            next_journal: 1,
            is_wiped: false,
        };
        let keeper = |kept| Self {
            folder: folder.to_owned(),
            node_id,
            clock,
            kept: Mutex::new(kept),
            is_dirty: AtomicBool::new(false),
            writing: Mutex::default(),
        };
        if let Err(error) = load(folder, node_id, &mut kept) {
            tracing::error!(
                error = format!("{error:#}"),
                "what the node knew is refused; it starts without"
            );
            kept.knowledge.clear();
            kept.position = None;
            // Journals that are there must not be taken for what follows an empty beginning.
            kept.next_journal = kept.next_journal.max(newest_journal(folder).unwrap_or(0) + 1);
        }
        let snapshot = load_snapshot(folder, node_id).unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "the configuration on disk is refused");
            None
        });
        (keeper(kept), snapshot)
    }

    /// The last news that the node has taken in; none when it must begin anew.
    pub(super) fn position(&self) -> Option<u64> {
        self.lock().position
    }

    /// What is known of a credential, however old.
    pub(super) fn get(&self, hash: &CredentialHash) -> Option<Known> {
        self.lock().knowledge.get(hash).cloned()
    }

    /// Takes in the answers to look-ups.
    pub(super) fn learn(&self, asked: &[CredentialHash], records: &[AccessChange], answered_at_ms: i64) {
        let now_ms = self.clock.now_ms();
        let mut kept = self.lock();
        let Kept { knowledge, pushed, .. } = &mut *kept;
        let may_learn = |hash: &CredentialHash, version: u64| match pushed.get(hash, now_ms) {
            Some(newest) => version >= newest,
            None => pushed.are_complete(now_ms),
        };
        for record in records {
            if may_learn(&record.hash, record.credential.version) {
                knowledge.learn(record.clone(), answered_at_ms);
            }
        }
        let found: std::collections::HashSet<&CredentialHash> = records.iter().map(|record| &record.hash).collect();
        for hash in asked.iter().filter(|hash| !found.contains(hash)) {
            knowledge.unlearn(hash, answered_at_ms);
        }
        drop(kept);
        self.is_dirty.store(true, Ordering::Release);
    }

    /// Takes in news and has them on disk when it returns. Blocks.
    pub(super) fn take_in(&self, news: &[News]) -> anyhow::Result<()> {
        let Some(last) = news.last() else { return Ok(()) };
        let now_ms = self.clock.now_ms();
        let mut kept = self.lock();
        if kept.is_wiped {
            bail!("the node was revoked");
        }
        self.journal(&mut kept, news)?;
        for one in news {
            if let News::Access { changes, .. } = one {
                for change in changes {
                    kept.knowledge.learn(change.clone(), now_ms);
                    kept.pushed.put(change.hash, change.credential.version, now_ms);
                }
            }
        }
        kept.position = Some(last.seq());
        self.is_dirty.store(true, Ordering::Release);
        Ok(())
    }

    fn journal(&self, kept: &mut Kept, news: &[News]) -> anyhow::Result<()> {
        let is_full = |journal: &Journal| journal.length > JOURNAL_FULL_BYTES;
        if kept.journal.as_ref().is_none_or(is_full) {
            self.begin_journal(kept)?;
        }
        let mut lines = Vec::new();
        for one in news {
            let json = serde_json::to_vec(one)?;
            lines.extend_from_slice(format!("{:08x} ", crc32fast::hash(&json)).as_bytes());
            lines.extend_from_slice(&json);
            lines.push(b'\n');
        }
        let Some(journal) = &mut kept.journal else {
            bail!("there is no journal");
        };
        let written = journal.file.write_all(&lines).and_then(|()| journal.file.sync_data());
        if let Err(error) = written {
            // Half a line may be there. It was not acknowledged, and must not look like damage later.
            if journal.file.set_len(journal.length).is_err() {
                kept.journal = None;
            }
            return Err(error).context("the journal of news");
        }
        journal.length += lines.len() as u64;
        Ok(())
    }

    fn begin_journal(&self, kept: &mut Kept) -> io::Result<u64> {
        let number = kept.next_journal;
        let path = journal_path(&self.folder, number);
        let file = files::private(&path)?;
        files::sync_folder(&path)?;
        kept.next_journal = number + 1;
        kept.journal = Some(Journal { file, length: 0 });
        Ok(number)
    }

    /// Forgets every credential: news were missed before `position`. Blocks until the disk knows.
    pub(super) fn reset(&self, position: u64) -> anyhow::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let head = {
            let mut kept = self.lock();
            kept.knowledge.clear();
            kept.position = Some(position);
            self.head(&mut kept)?
        };
        self.write(&head, &[])
    }

    /// Writes everything, now.
    pub(super) async fn save(self: &Arc<Self>) {
        let keeper = Arc::clone(self);
        let saved = tokio::task::spawn_blocking(move || keeper.save_blocking()).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = format!("{error:#}"), "what the node knows cannot be written"),
            Err(error) => tracing::error!(%error, "what the node knows was not written"),
        }
    }

    /// Writes everything that has changed, now and then, until it is dropped.
    pub(super) async fn save_now_and_then(self: Arc<Self>) {
        let mut pause = SAVE_INTERVAL;
        loop {
            tokio::time::sleep(pause).await;
            let begun = Instant::now();
            if self.is_dirty.load(Ordering::Acquire) {
                self.save().await;
            }
            pause = SAVE_INTERVAL.max(begun.elapsed() * SAVE_SHARE);
        }
    }

    fn save_blocking(&self) -> anyhow::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_dirty.store(false, Ordering::Release);
        let (head, lines) = {
            let mut kept = self.lock();
            if kept.is_wiped {
                return Ok(());
            }
            (self.head(&mut kept)?, kept.knowledge.lines())
        };
        let written = self.write(&head, &lines);
        if written.is_err() {
            self.is_dirty.store(true, Ordering::Release);
        }
        written
    }

    /// Begins a new journal, so that all earlier ones are in what is written next.
    fn head(&self, kept: &mut Kept) -> anyhow::Result<Head> {
        let is_begun = kept.journal.as_ref().is_some_and(|journal| journal.length == 0);
        let journal = if is_begun {
            kept.next_journal - 1
        } else {
            self.begin_journal(kept).context("the journal of news")?
        };
        Ok(Head {
            format: FORMAT,
            node_id: self.node_id,
            position: kept.position,
            journal,
        })
    }

    fn write(&self, head: &Head, lines: &[Line]) -> anyhow::Result<()> {
        let mut content = serde_json::to_vec(head)?;
        for line in lines {
            content.push(b'\n');
            serde_json::to_writer(&mut content, line)?;
        }
        files::write_sealed(&self.folder.join("knowledge"), content).context("knowledge")?;
        for number in journals(&self.folder)?
            .into_iter()
            .filter(|number| *number < head.journal)
        {
            fs::remove_file(journal_path(&self.folder, number))?;
        }
        Ok(())
    }

    /// Notes where the news begin for a node that knows nothing.
    pub(super) fn begin(&self, position: u64) {
        self.lock().position = Some(position);
        self.is_dirty.store(true, Ordering::Release);
    }

    /// Keeps a configuration that was found good.
    pub(super) fn keep_snapshot(&self, etag: &str, json: &[u8]) {
        if self.lock().is_wiped {
            return;
        }
        let head = SnapshotHead {
            format: FORMAT,
            node_id: self.node_id,
            etag: etag.to_owned(),
        };
        let written = serde_json::to_vec(&head)
            .map_err(io::Error::from)
            .and_then(|mut content| {
                content.push(b'\n');
                content.extend_from_slice(json);
                files::write_sealed(&self.folder.join("snapshot"), content)
            });
        if let Err(error) = written {
            tracing::warn!(%error, "the configuration cannot be written to disk");
        }
    }

    /// Removes everything that could admit anybody: the node was revoked.
    pub(super) fn wipe(&self) {
        let mut kept = self.lock();
        kept.knowledge.clear();
        kept.journal = None;
        kept.is_wiped = true;
        let mut paths = vec![self.folder.join("knowledge"), self.folder.join("snapshot")];
        let numbers = journals(&self.folder).unwrap_or_default();
        paths.extend(numbers.into_iter().map(|number| journal_path(&self.folder, number)));
        for path in paths {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::error!(%error, file = %path.display(), "what a revoked node knew cannot be removed");
                }
                _ => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(folder: &Path, node_id: NodeId, kept: &mut Kept) -> anyhow::Result<()> {
    let numbers = journals(folder)?;
    let Some(content) = files::read_sealed(&folder.join("knowledge"), KNOWLEDGE_MAX_BYTES).context("knowledge")? else {
        // Journals alone do not say what was known before them.
        kept.next_journal = numbers.last().map_or(1, |last| last + 1);
        return Ok(());
    };
    let mut lines = content.split(|byte| *byte == b'\n');
    let head: Head = serde_json::from_slice(lines.next().unwrap_or_default()).context("knowledge")?;
    if (head.format, head.node_id) != (FORMAT, node_id) {
        bail!("knowledge: of another node, or of another version of this program");
    }
    for line in lines {
        kept.knowledge.add(serde_json::from_slice(line).context("knowledge")?);
    }
    kept.position = head.position;
    let newest = numbers.last().copied().unwrap_or(0);
    kept.next_journal = newest.max(head.journal) + 1;
    for number in head.journal..kept.next_journal {
        replay(folder, number, number == newest, kept).with_context(|| format!("journal-{number}"))?;
    }
    Ok(())
}

/// Takes a journal in; only the last line of the last one may be torn, which was never acknowledged.
fn replay(folder: &Path, number: u64, is_newest: bool, kept: &mut Kept) -> anyhow::Result<()> {
    let file = File::open(journal_path(folder, number))?;
    if file.metadata()?.len() > JOURNAL_MAX_BYTES {
        bail!("it is longer than {JOURNAL_MAX_BYTES} bytes");
    }
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut lines, NEWS_LINE_MAX_BYTES as u64).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        let Some(news) = read_line(&line) else {
            let is_last = !line.ends_with(b"\n") && is_newest;
            if is_last {
                tracing::warn!("the last line of the journal is torn; it was never acknowledged");
                return Ok(());
            }
            bail!("it is damaged");
        };
        match news {
            News::Access { seq, changes } => {
                for change in changes {
                    kept.knowledge.learn(change, 0);
                }
                kept.position = kept.position.max(Some(seq));
            }
            other => kept.position = kept.position.max(Some(other.seq())),
        }
    }
}

fn read_line(line: &[u8]) -> Option<News> {
    let (check, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let check = u32::from_str_radix(std::str::from_utf8(&check[..8]).ok()?, 16).ok()?;
    (check == crc32fast::hash(json)).then(|| serde_json::from_slice(json).ok())?
}

fn load_snapshot(folder: &Path, node_id: NodeId) -> anyhow::Result<Option<(String, Vec<u8>)>> {
    let Some(mut content) = files::read_sealed(&folder.join("snapshot"), SNAPSHOT_MAX_BYTES as u64 + 4096)? else {
        return Ok(None);
    };
    let Some(at) = content.iter().position(|byte| *byte == b'\n') else {
        bail!("it has no head");
    };
    let json = content.split_off(at + 1);
    let head: SnapshotHead = serde_json::from_slice(&content)?;
    if (head.format, head.node_id) != (FORMAT, node_id) {
        bail!("it is of another node, or of another version of this program");
    }
    Ok(Some((head.etag, json)))
}

/// The numbers of the journals that are there, in order.
fn journals(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("journal-"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn newest_journal(folder: &Path) -> Option<u64> {
    journals(folder).ok()?.last().copied()
}

fn journal_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("journal-{number}"))
}
