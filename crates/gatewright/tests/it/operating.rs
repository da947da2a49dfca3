//! docs/operating.md: every block marked `sh` runs as it stands, in order, in one shell.
//!
//! The folder is empty, `gatewright` is in the PATH, and ports are free ones instead of the defaults.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;

use crate::program::home::Home;

const PAGE: &str = include_str!("../../../../docs/operating.md");

/// The blocks of a page, each with the line that it begins on.
pub(crate) fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (at, line) in page.lines().enumerate() {
        match (inside, line) {
            (false, "```sh") => {
                inside = true;
                blocks.push((at + 1, String::new()));
            }
            (true, "```") => inside = false,
            (true, line) => {
                let (_, block) = blocks.last_mut().unwrap();
                writeln!(block, "{line}").unwrap();
            }
            _ => {}
        }
    }
    assert!(!inside, "the last block has an end");
    blocks
}

fn free_addr() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn every_command_of_the_operators_page_runs() {
    let blocks = blocks(PAGE);
    assert!(blocks.len() >= 10, "{} blocks", blocks.len());
    let home = Home::new();
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_gatewright"), bin.join("gatewright")).unwrap();
    // `-e` and pipefail: the first command that fails ends it. The server goes with the shell.
    let mut script = "set -eu -o pipefail\ntrap '[ -z \"${SERVER:-}\" ] || kill $SERVER' EXIT\n".to_owned();
    for (line, block) in &blocks {
        writeln!(script, "echo '== docs/operating.md:{line}' >&2\n{block}").unwrap();
    }
    script.push_str("kill $SERVER && wait $SERVER\nSERVER=\necho '== all of it'\n");
    fs::write(home.path("page.sh"), script).unwrap();

    let http_addr = free_addr();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ended = home
        .shell(
            "page.sh",
            &[
                ("PATH", &path),
                ("GATEWRIGHT_HTTP_ADDR", &http_addr),
                ("GATEWRIGHT_GATEWAY_ADDR", &free_addr()),
                ("EDGE_ADDR", &free_addr()),
                ("EDGE_HEALTH_ADDR", &free_addr()),
                ("API", &format!("http://{http_addr}/api/v1")),
            ],
        )
        .await;
    let log = fs::read_to_string(home.path("gatewright.log")).unwrap_or_default();
    assert!(
        ended.status.success() && ended.stdout.ends_with("== all of it\n"),
        "{}\n{}\n{log}",
        ended.stdout,
        ended.stderr
    );
}
