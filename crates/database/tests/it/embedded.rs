//! The private PostgreSQL, with the real one.
//!
//! As root the clusters lie under /var/lib/gatewright; [`Scratch`] removes them.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

mod scratch;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use gatewright_database::embedded::{self, EmbeddedError, EmbeddedOptions, EmbeddedPostgres, MAINTENANCE_DATABASE};
use rustix::process::{Pid, Signal};
use scratch::{Scratch, connect, is_alive, pid_of, rows, setting, until, write_a_row};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

/// Tells the helper below which data directory to run on.
const HELPER_DATA_DIR: &str = "GATEWRIGHT_TEST_EMBEDDED_DATA_DIR";

#[tokio::test]
async fn data_survives_a_stop_and_the_next_start_is_quick() {
    let scratch = Scratch::new();
    let lines = Mutex::new(Vec::new());
    let progress = |line: &str| lines.lock().unwrap().push(line.to_owned());
    let postgres = EmbeddedPostgres::start(scratch.options(), &progress).await.unwrap();
    write_a_row(postgres.connect_info(), 1).await;
    let socket_dir = postgres.connect_info().socket_dir().to_owned();
    let pid = pid_of(&postgres);
    postgres.stop().await.unwrap();
    assert!(!is_alive(pid));
    assert!(!socket_dir.join(".s.PGSQL.5432").exists());

    let before = std::time::Instant::now();
    let postgres = EmbeddedPostgres::start(scratch.options(), &progress).await.unwrap();
    let took = before.elapsed();
    assert_eq!(rows(postgres.connect_info()).await, [1]);
    assert!(postgres.is_running());
    postgres.stop().await.unwrap();

    let major = embedded::installations().await[0].major;
    let expected = [
        format!("creating the database cluster (PostgreSQL {major})"),
        format!("starting PostgreSQL {major}"),
        format!("starting PostgreSQL {major}"),
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
    println!("second start: {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn the_server_is_private_durable_and_of_the_promised_encoding() {
    let scratch = Scratch::new();
    let mut options = scratch.options();
    options.settings.push(("work_mem".to_owned(), "7MB".to_owned()));
    let postgres = EmbeddedPostgres::start(options, &|_| {}).await.unwrap();
    let info = postgres.connect_info();
    for (name, value) in [
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("password_encryption", "scram-sha-256"),
        ("shared_buffers", "64MB"),
        ("work_mem", "7MB"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(setting(info, name).await, value, "{name}");
    }
    let mut connection = connect(info).await;
    let collation: String = sqlx::query_scalar("SELECT datcollate FROM pg_database WHERE datname = 'template1'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(collation, "C.UTF-8");
    connection.close().await.unwrap();
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_else_can_read_the_password_or_reach_the_socket() {
    let scratch = Scratch::new();
    let postgres = scratch.start().await;
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o777;
    let home = scratch.home().unwrap();
    assert_eq!(mode(&scratch.data_dir), 0o700);
    assert_eq!(mode(&scratch.pointer()), 0o600);
    assert_eq!(mode(&scratch.data_dir.join("postgres.lock")), 0o600);
    assert_eq!(mode(&home.join("postgresql.log")), 0o600);
    assert_eq!(mode(postgres.connect_info().socket_dir()), 0o700);
    assert_eq!(mode(&scratch.cluster()), 0o700);
    assert_eq!(mode(&home) & 0o007, 0);
    assert!(!home.join("password.new").exists());

    let pointer: serde_json::Value = serde_json::from_slice(&fs::read(scratch.pointer()).unwrap()).unwrap();
    let password = pointer["password"].as_str().unwrap();
    let command_line = fs::read(format!("/proc/{}/cmdline", postgres.pid())).unwrap();
    assert!(!String::from_utf8_lossy(&command_line).contains(password));
    assert!(
        !fs::read_to_string(home.join("postgresql.log"))
            .unwrap()
            .contains(password)
    );

    let wrong = postgres.connect_options(MAINTENANCE_DATABASE).password("wrong");
    assert!(
        PgConnection::connect_with(&wrong).await.is_err(),
        "another password is refused"
    );
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_socket_directory_that_others_can_enter_is_refused() {
    let scratch = Scratch::new();
    let postgres = scratch.start().await;
    let socket_dir = postgres.connect_info().socket_dir().to_owned();
    postgres.stop().await.unwrap();
    fs::create_dir(&socket_dir).unwrap();
    fs::set_permissions(&socket_dir, Permissions::from_mode(0o777)).unwrap();
    scratch.give(&socket_dir);
    let error = scratch.refusal().await;
    assert!(matches!(error, EmbeddedError::SocketDirTaken { .. }), "{error}");
}

#[tokio::test]
async fn a_second_instance_on_the_same_data_directory_is_refused_and_told_who_has_it() {
    let scratch = Scratch::new();
    let postgres = scratch.start().await;
    let error = scratch.refusal().await;
    assert!(
        matches!(error, EmbeddedError::DataDirInUse { pid: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    assert!(
        error.to_string().contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    assert!(postgres.is_running());
    postgres.stop().await.unwrap();
    scratch.start().await.stop().await.unwrap();
}

/// Not a test: what the next two run as a process of its own. It commits a row and lives until it is
/// killed or its standard input ends.
#[tokio::test]
async fn helper_that_runs_until_killed() {
    let Some(data_dir) = std::env::var_os(HELPER_DATA_DIR) else {
        return;
    };
    let postgres = EmbeddedPostgres::start(EmbeddedOptions::new(data_dir), &|_| {})
        .await
        .unwrap();
    write_a_row(postgres.connect_info(), 41).await;
    println!("\nready {}", postgres.pid());
    let _ = std::io::stdin().read(&mut [0]);
    std::mem::forget(postgres);
}

/// Runs the helper, kills it when it has committed, and returns its server's process id.
fn run_and_kill(scratch: &Scratch) -> u32 {
    let this_module = module_path!().split_once("::").unwrap().1;
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("{this_module}::helper_that_runs_until_killed"),
            "--nocapture",
        ])
        .env(HELPER_DATA_DIR, &scratch.data_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(helper.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let pid = lines.find_map(|line| line.strip_prefix("ready ").map(|pid| pid.parse().unwrap()));
    helper.kill().unwrap();
    helper.wait().unwrap();
    pid.expect("the helper started a server")
}

#[tokio::test]
async fn a_server_whose_gatewright_was_killed_is_taken_over_with_everything_committed() {
    let scratch = Scratch::new();
    let left = run_and_kill(&scratch);
    let lines = Mutex::new(Vec::new());
    let progress = |line: &str| lines.lock().unwrap().push(line.to_owned());
    let postgres = EmbeddedPostgres::start(scratch.options(), &progress).await.unwrap();
    assert_eq!(postgres.pid(), left, "the same server goes on");
    let lines = lines.into_inner().unwrap();
    assert!(
        lines.len() == 1 && lines[0].starts_with("taking over the PostgreSQL"),
        "{lines:?}"
    );
    assert_eq!(rows(postgres.connect_info()).await, [41]);
    assert!(postgres.is_running());
    postgres.stop().await.unwrap();
    assert!(scratch.noted_pid().is_none(), "it was shut down in order");
}

#[tokio::test]
async fn a_server_that_was_killed_too_is_recovered() {
    let scratch = Scratch::new();
    let left = run_and_kill(&scratch);
    let pid = Pid::from_raw(left.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    until("the server is gone", || !is_alive(pid)).await;
    assert!(scratch.noted_pid().is_some(), "its postmaster.pid is left");

    let postgres = scratch.start().await;
    assert_ne!(postgres.pid(), left);
    assert_eq!(rows(postgres.connect_info()).await, [41]);

    rustix::process::kill_process(pid_of(&postgres), Signal::KILL).unwrap();
    until("it is noticed", || !postgres.is_running()).await;
    postgres.stop().await.unwrap();
    let postgres = scratch.start().await;
    assert_eq!(rows(postgres.connect_info()).await, [41]);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_process_that_got_the_dead_servers_id_is_left_alone() {
    let scratch = Scratch::new();
    let postgres = scratch.start().await;
    write_a_row(postgres.connect_info(), 1).await;
    let pid_file = scratch.cluster().join("postmaster.pid");
    let socket_dir = postgres.connect_info().socket_dir().to_owned();
    let socket_lock = socket_dir.join(".s.PGSQL.5432.lock");
    let claims = [&pid_file, &socket_lock].map(|path| (path, fs::read_to_string(path).unwrap()));
    let dead = postgres.pid().to_string();
    postgres.stop().await.unwrap();
    fs::create_dir(&socket_dir).unwrap();
    fs::set_permissions(&socket_dir, Permissions::from_mode(0o700)).unwrap();
    scratch.give(&socket_dir);

    // PostgreSQL itself refuses to start beside a process of the same user.
    let owner = fs::metadata(scratch.cluster()).unwrap();
    let mut command = Command::new("sleep");
    command.arg("600").current_dir("/");
    if rustix::process::geteuid().is_root() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let mut other = command.spawn().unwrap();
    for (path, content) in claims {
        fs::write(path, content.replacen(&dead, &other.id().to_string(), 1)).unwrap();
        scratch.give(path);
    }

    let attached = embedded::attach(&scratch.data_dir);
    assert!(matches!(attached, Err(EmbeddedError::NotRunning { .. })));
    let postgres = scratch.start().await;
    assert_ne!(postgres.pid(), other.id());
    assert_eq!(rows(postgres.connect_info()).await, [1]);
    assert!(other.try_wait().unwrap().is_none(), "the other process lives");
    postgres.stop().await.unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn a_server_that_is_still_stopping_is_waited_for() {
    let scratch = Scratch::new();
    let postgres = scratch.start().await;
    write_a_row(postgres.connect_info(), 1).await;
    let first = pid_of(&postgres);
    // Dropping asks for a shutdown and does not wait.
    drop(postgres);
    until("the shutdown has begun", || {
        !is_alive(first)
            || fs::read_to_string(scratch.cluster().join("postmaster.pid")).is_ok_and(|text| text.contains("stopping"))
    })
    .await;
    let postgres = scratch.start().await;
    assert_eq!(rows(postgres.connect_info()).await, [1]);
    assert_ne!(pid_of(&postgres), first);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_deep_data_directory_works_although_a_socket_path_is_short() {
    let scratch = Scratch::below(&["a directory, with a rather long name; and \"odd\" = characters"; 5].join("/"));
    let postgres = scratch.start().await;
    write_a_row(postgres.connect_info(), 1).await;
    let socket_dir = postgres.connect_info().socket_dir().to_owned();
    assert_eq!(rows(&embedded::attach(&scratch.data_dir).unwrap()).await, [1]);
    postgres.stop().await.unwrap();
    if socket_dir.starts_with("/tmp") {
        assert!(!socket_dir.exists(), "nothing is left in /tmp");
    }
}

#[tokio::test]
async fn a_half_created_cluster_is_removed_and_created_anew() {
    let scratch = Scratch::new();
    scratch.start().await.stop().await.unwrap();
    let home = scratch.home().unwrap();
    let mut pointer: serde_json::Value = serde_json::from_slice(&fs::read(scratch.pointer()).unwrap()).unwrap();

    // As if killed within initdb: the pointer says that nothing is complete.
    fs::rename(scratch.cluster(), home.join("data.new")).unwrap();
    fs::remove_file(home.join("data.new/PG_VERSION")).unwrap();
    fs::write(home.join("password.new"), "leftover").unwrap();
    pointer["majorVersion"] = serde_json::Value::Null;
    fs::write(scratch.pointer(), pointer.to_string()).unwrap();

    let postgres = scratch.start().await;
    write_a_row(postgres.connect_info(), 1).await;
    postgres.stop().await.unwrap();
    assert!(!home.join("data.new").exists() && !home.join("password.new").exists());

    // As if killed between the renaming and the pointer: it is complete.
    fs::write(scratch.pointer(), pointer.to_string()).unwrap();
    let postgres = scratch.start().await;
    assert_eq!(rows(postgres.connect_info()).await, [1]);
    postgres.stop().await.unwrap();

    // A complete one that is missing is never replaced by an empty one.
    fs::rename(scratch.cluster(), home.join("elsewhere")).unwrap();
    let error = scratch.refusal().await;
    assert!(matches!(error, EmbeddedError::ClusterMissing { .. }), "{error}");
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_with_what_to_install() {
    let scratch = Scratch::new();
    scratch.start().await.stop().await.unwrap();
    let newest = embedded::installations().await[0].major;
    let version = scratch.cluster().join("PG_VERSION");
    fs::write(&version, "13\n").unwrap();
    let error = scratch.refusal().await.to_string();
    let expected = format!(
        "was created by PostgreSQL 13, but the newest installed is {newest}: install PostgreSQL 13 beside it and start again"
    );
    assert!(error.contains(&expected), "{error}");
    fs::write(&version, "99\n").unwrap();
    let error = scratch.refusal().await.to_string();
    assert!(
        error.ends_with(&format!("newest installed is {newest}: install PostgreSQL 99")),
        "{error}"
    );
}

#[tokio::test]
async fn a_machine_without_postgresql_is_told_what_to_install() {
    let scratch = Scratch::new();
    let mut options = scratch.options();
    options.bin_dir = Some(scratch.root.path().to_owned());
    let error = EmbeddedPostgres::start(options, &|_| {}).await.err().unwrap();
    assert!(matches!(error, EmbeddedError::NotInstalled), "{error}");
    assert!(!scratch.pointer().exists(), "nothing was begun");
}

#[tokio::test]
async fn a_machine_without_the_locale_gets_plain_c() {
    let scratch = Scratch::new();
    fs::set_permissions(scratch.root.path(), Permissions::from_mode(0o755)).unwrap();
    let real = embedded::installations().await[0].bin_dir.clone();
    let bin_dir = scratch.root.path().join("bin");
    fs::create_dir(&bin_dir).unwrap();
    symlink(real.join("postgres"), bin_dir.join("postgres")).unwrap();
    let initdb = format!(
        "#!/bin/sh\ncase \"$*\" in *C.UTF-8*) echo 'initdb: error: invalid locale name \"C.UTF-8\"' >&2; exit 1;; esac\n\
         exec '{}' \"$@\"\n",
        real.join("initdb").display()
    );
    fs::write(bin_dir.join("initdb"), initdb).unwrap();
    fs::set_permissions(bin_dir.join("initdb"), Permissions::from_mode(0o755)).unwrap();

    let lines = Mutex::new(Vec::new());
    let progress = |line: &str| lines.lock().unwrap().push(line.to_owned());
    let options = EmbeddedOptions {
        bin_dir: Some(bin_dir),
        ..scratch.options()
    };
    let postgres = EmbeddedPostgres::start(options, &progress).await.unwrap();
    assert!(
        lines
            .into_inner()
            .unwrap()
            .iter()
            .any(|line| line.contains("no locale C.UTF-8"))
    );
    assert_eq!(setting(postgres.connect_info(), "server_encoding").await, "UTF8");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_start_is_explained_by_its_log_on_one_line() {
    let scratch = Scratch::new();
    let mut options = scratch.options();
    options
        .settings
        .push(("shared_buffers".to_owned(), "nonsense".to_owned()));
    let error = EmbeddedPostgres::start(options, &|_| {})
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("invalid value for parameter \"shared_buffers\"") && !error.contains('\n'),
        "{error}"
    );
    scratch.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn a_lost_password_is_said_to_be_so_and_the_running_server_is_left_alone() {
    let scratch = Scratch::new();
    let left = run_and_kill(&scratch);
    let whole = fs::read_to_string(scratch.pointer()).unwrap();
    let mut pointer: serde_json::Value = serde_json::from_str(&whole).unwrap();
    pointer["password"] = "0000".into();
    fs::write(scratch.pointer(), pointer.to_string()).unwrap();
    let error = scratch.refusal().await;
    assert!(
        matches!(error, EmbeddedError::PasswordRefused { pid, .. } if pid == left),
        "{error}"
    );

    fs::write(scratch.pointer(), whole).unwrap();
    let postgres = scratch.start().await;
    assert_eq!(postgres.pid(), left);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_command_beside_a_running_server_attaches_to_it() {
    let scratch = Scratch::new();
    let absent = embedded::attach(&scratch.data_dir).err().unwrap();
    assert!(matches!(absent, EmbeddedError::NoCluster { .. }), "{absent}");
    let postgres = scratch.start().await;
    write_a_row(postgres.connect_info(), 7).await;
    let attached = embedded::attach(&scratch.data_dir).unwrap();
    assert_eq!(rows(&attached).await, [7]);

    let psql = postgres.installation().bin_dir.join("psql");
    let url = attached.url(MAINTENANCE_DATABASE);
    let output = Command::new(psql)
        .args([url.expose_secret(), "-Atc", "SELECT number FROM kept"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "7\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    postgres.stop().await.unwrap();
    let stopped = embedded::attach(&scratch.data_dir).err().unwrap();
    assert!(matches!(stopped, EmbeddedError::NotRunning { .. }), "{stopped}");
}

#[tokio::test]
async fn the_server_does_not_hear_the_terminals_interrupt_and_knows_nothing_of_our_environment() {
    let scratch = Scratch::new();
    let postgres = scratch.start().await;
    let pid = pid_of(&postgres);
    assert_eq!(
        rustix::process::getpgid(Some(pid)).unwrap(),
        pid,
        "a process group of its own"
    );
    let environment = fs::read(format!("/proc/{}/environ", postgres.pid())).unwrap();
    assert!(
        !String::from_utf8_lossy(&environment).contains("CARGO"),
        "cargo's variables are ours"
    );
    let status = fs::read_to_string(format!("/proc/{}/status", postgres.pid())).unwrap();
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert!(!field("Uid:").split_whitespace().any(|uid| uid == "0"), "never root");
    if rustix::process::geteuid().is_root() {
        assert_eq!(field("Groups:"), "", "no supplementary groups");
    }
    postgres.stop().await.unwrap();
}
