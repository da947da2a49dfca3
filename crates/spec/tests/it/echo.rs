//! A server that keeps what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Requests by the first part of their path, which is taken away.
type Kept = Arc<Mutex<HashMap<String, Arrived>>>;

pub(crate) struct Echo {
    pub(crate) port: u16,
    kept: Kept,
}

impl Echo {
    /// Listens until the process ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Kept::default();
        let keep = kept.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let keep = keep.clone();
                thread::spawn(move || serve(&stream, &keep));
            }
        });
        Self { port, kept }
    }

    pub(crate) fn base_url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    pub(crate) fn take(&self, name: &str) -> Option<Arrived> {
        self.kept.lock().unwrap().remove(name)
    }
}

fn serve(stream: &TcpStream, kept: &Kept) -> Option<()> {
    stream.set_read_timeout(Some(READ_TIMEOUT)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let line = read_line(&mut reader)?;
    let mut words = line.split(' ');
    let mut arrived = Arrived {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        ..Arrived::default()
    };
    while let Some((name, value)) = read_line(&mut reader)?.split_once(':') {
        arrived.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if arrived.header("expect").is_some() {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    arrived.body = read_body(&mut reader, &arrived)?;
    let (name, rest) = arrived.target.strip_prefix('/')?.split_once('/')?;
    let (name, target) = (name.to_owned(), format!("/{rest}"));
    arrived.target = target;
    kept.lock().unwrap().insert(name, arrived);
    writer
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .ok()
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn read_body(reader: &mut impl BufRead, arrived: &Arrived) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if arrived.header("transfer-encoding").is_some() {
        loop {
            let length = u64::from_str_radix(&read_line(reader)?, 16).ok()?;
            reader.take(length).read_to_end(&mut body).ok()?;
            read_line(reader)?;
            if length == 0 {
                return Some(body);
            }
        }
    }
    let length = arrived.header("content-length").unwrap_or("0").parse().ok()?;
    reader.take(length).read_to_end(&mut body).ok()?;
    Some(body)
}
