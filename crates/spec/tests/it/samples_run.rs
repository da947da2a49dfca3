//! Every sample is run by the language's own program, and what arrives is what was meant.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatewright_spec::samples::{INLINE_MAX_BYTES, Language, render};
use gatewright_spec::values::{HttpBody, HttpRequest, Part};

use crate::echo::{Arrived, Echo};
use crate::shop;

const KEY: &str = "sk_test_$HOME`id`\"'\\";
const RUN_SECONDS: &str = "120";

/// What breaks out of quotes in one language or another.
const WEIRD: &str = "q\"'`\\ $HOME ${x} #{y} #@z %d %% {{n}} {{{m}}} \\n \\u0041 \"\"\" ''' @\"\" */ // <!-- \u{fc}\u{1f600} !history ~ ;|&";

fn requests() -> Vec<HttpRequest> {
    let request = |method: &str, target: &str, headers: &[(&str, &str)], body: HttpBody| HttpRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body,
    };
    let text = |text: &str| HttpBody::Text(text.to_owned());
    let json = ("Content-Type", "application/json");
    let plain = ("Content-Type", "text/plain; charset=utf-8");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let part = |name: &str, file: Option<&str>, media_type: Option<&str>, content: &[u8]| Part {
        name: name.to_owned(),
        file_name: file.map(str::to_owned),
        media_type: media_type.map(str::to_owned),
        content: content.to_vec(),
    };
    let parts = vec![
        part("title", None, None, WEIRD.as_bytes()),
        part("tag", None, None, b"@one;type=x"),
        part("tag", None, None, b"<two\nlines"),
        part("meta", None, Some("application/json"), br#"{"a":"\"b\" \\ ;"}"#),
        part("photo", Some("a photo.png"), Some("image/png"), b"\x89PNG\r\n\x1a\n\0"),
    ];
    let pictures = vec![
        part("photo", Some("one.png"), Some("image/png"), b"\x89one"),
        part("photo", Some("two.png"), Some("image/png"), b"\x89two"),
        part("x", None, None, b"y"),
    ];
    vec![
        request(
            "GET",
            "/v1/a%2Fb/%C3%BC?q=a%20b%26%7C&list=1&list=2&x%5Ba%5D=%27%22&e=",
            &[],
            HttpBody::None,
        ),
        request(
            "GET",
            "/v1?r=a/b?c,d:e@f",
            &[("X-Odd", "a \"b\" 'c' \\d $HOME `id` ${x} #{y} %s"), ("X-Empty", "")],
            HttpBody::None,
        ),
        request("HEAD", "/v1/things", &[], HttpBody::None),
        request("POST", "/v1/empty", &[], HttpBody::None),
        request(
            "POST",
            "/v1/translate",
            &[json],
            text("{\n  \"text\": \"Hello, world\",\n  \"target\": \"de\"\n}"),
        ),
        request("POST", "/v1/one-line", &[json], text(r#"{"text":"Hello \"you\""}"#)),
        request(
            "POST",
            "/v1/weird",
            &[json],
            text(&format!("{{\n\t\"a\": {WEIRD}\n  \n\n  b  \n\"\"\"\"\"\"\n\"\n\\")),
        ),
        request(
            "PUT",
            "/v1/lines",
            &[plain],
            text("\n  first\n    second \nthird\t\n\n"),
        ),
        request(
            "PATCH",
            "/v1/hidden",
            &[plain],
            text(&format!(
                "a\r\nb\u{0}1\u{7}\u{1b}[0m\u{7f}\u{85}\u{202e}\u{feff}\u{2028}{WEIRD}\n"
            )),
        ),
        request(
            "POST",
            "/v1/hidden-too",
            &[plain],
            text("a\r\nb\u{1b}7\u{202e}'\\x\u{61c}"),
        ),
        request(
            "POST",
            "/v1/long",
            &[json],
            text(&format!("\"{}\"", "x".repeat(INLINE_MAX_BYTES))),
        ),
        request(
            "POST",
            "/v1/file",
            &[("Content-Type", "image/png")],
            HttpBody::Bytes(b"\x89PNG\r\n\x1a\n\0\xff".to_vec()),
        ),
        request(
            "POST",
            "/v1/form",
            &[("Content-Type", "application/x-www-form-urlencoded")],
            HttpBody::Form(vec![
                pair("a b&=", WEIRD),
                pair("list", "1"),
                pair("list", "two\nlines"),
                pair("e", ""),
                pair("nul", "a\0\r\u{202e}"),
            ]),
        ),
        request(
            "POST",
            "/v1/no-fields",
            &[("Content-Type", "application/x-www-form-urlencoded")],
            HttpBody::Form(Vec::new()),
        ),
        request(
            "POST",
            "/v1/parts",
            &[("Content-Type", "multipart/form-data")],
            HttpBody::Parts(parts),
        ),
        request(
            "POST",
            "/v1/pictures",
            &[("Content-Type", "multipart/form-data")],
            HttpBody::Parts(pictures),
        ),
        request(
            "DELETE",
            "/v1/things/1",
            &[("Cookie", "a=%20b; c=d"), ("X-Id", "7")],
            HttpBody::None,
        ),
        request("OPTIONS", "/v1/things", &[], HttpBody::None),
        request("SEARCH", "/v1/things", &[json], text("{}")),
    ]
}

/// Writes every sample, and one program that runs them all; answers with how to start it, or why it cannot be.
fn program(language: Language, folder: &Path, samples: &[String]) -> Result<Vec<Command>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let each = |one: &dyn Fn(usize) -> String| (0..samples.len()).map(one).collect::<String>();
    let store = |extension: &str, edit: &dyn Fn(usize, &str) -> String| {
        for (at, sample) in samples.iter().enumerate() {
            write(&format!("case{at}.{extension}"), edit(at, sample));
        }
    };
    let same = |_: usize, sample: &str| sample.to_owned();
    Ok(match language {
        Language::Curl => {
            store("sh", &|_, sample| {
                format!("{sample} --silent --show-error --max-time 20\n")
            });
            write("run.sh", each(&|at| format!("bash case{at}.sh\n")));
            vec![command("bash", &["run.sh"])?]
        }
        Language::Node => {
            store("mjs", &same);
            write(
                "run.mjs",
                each(&|at| format!("await import('./case{at}.mjs').catch((error) => console.error({at}, error));\n")),
            );
            vec![command("node", &["run.mjs"])?]
        }
        Language::Python => {
            store("py", &same);
            let one = |at| {
                format!("try:\n  exec(open('case{at}.py').read(), {{}})\nexcept Exception:\n  traceback.print_exc()\n")
            };
            write("run.py", format!("import traceback\n{}", each(&one)));
            let python = root.join("target/python/bin/python3");
            let mut probe = Command::new(&python);
            if !probe
                .args(["-c", "import requests"])
                .output()
                .is_ok_and(|done| done.status.success())
            {
                return Err("scripts/ensure-samples.sh was not run".to_owned());
            }
            vec![command(python.to_str().unwrap(), &["run.py"])?]
        }
        Language::Java => {
            for (at, sample) in samples.iter().enumerate() {
                write(
                    &format!("Case{at}.java"),
                    sample.replace("public class Main {", &format!("public class Case{at} {{")),
                );
            }
            let one = |at| format!("try {{ Case{at}.main(args); }} catch (Exception e) {{ e.printStackTrace(); }}\n");
            write(
                "Run.java",
                format!(
                    "public class Run {{ public static void main(String[] args) {{\n{}}} }}",
                    each(&one)
                ),
            );
            let names: Vec<_> = (0..samples.len()).map(|at| format!("Case{at}.java")).collect();
            let mut compile = command("javac", &["-encoding", "UTF-8", "Run.java"])?;
            compile.args(names);
            vec![compile, command("java", &["Run"])?]
        }
        Language::Go => {
            store("go", &|at, sample| {
                sample.replace("func main() {", &format!("func case{at}() {{"))
            });
            write(
                "run.go",
                format!(
                    "package main\n\nfunc main() {{\n{}}}\n",
                    each(&|at| format!("\tcase{at}()\n"))
                ),
            );
            let mut build = command("go", &["run", "run.go"])?;
            build
                .args((0..samples.len()).map(|at| format!("case{at}.go")))
                .env("GO111MODULE", "off");
            vec![build]
        }
        Language::Ruby => {
            store("rb", &same);
            write(
                "run.rb",
                each(&|at| {
                    format!("begin; load './case{at}.rb'; rescue StandardError => e; warn e.full_message; end\n")
                }),
            );
            vec![command("ruby", &["run.rb"])?]
        }
        Language::Php => {
            store("php", &same);
            write(
                "run.php",
                format!("<?php\n{}", each(&|at| format!("include 'case{at}.php';\n"))),
            );
            let loaded = Command::new("php")
                .args(["-r", "exit(extension_loaded('curl') ? 0 : 1);"])
                .output();
            if !loaded.is_ok_and(|done| done.status.success()) {
                return Err("PHP with its curl extension is missing".to_owned());
            }
            vec![command("php", &["run.php"])?]
        }
        Language::CSharp => {
            store("cs", &|at, sample| {
                sample.replace("public class Program\n", &format!("public class Case{at}\n"))
            });
            let one = |at| {
                format!(
                    "try {{ Case{at}.Main().Wait(); }} catch (System.Exception e) {{ System.Console.Error.WriteLine(e); }}\n"
                )
            };
            write(
                "run.cs",
                format!("public class Run {{ public static void Main() {{\n{}}} }}", each(&one)),
            );
            let mut compile = command(
                "mcs",
                &[
                    "-main:Run",
                    "-langversion:latest",
                    "-r:System.Net.Http.dll",
                    "-out:run.exe",
                    "run.cs",
                ],
            )?;
            compile.args((0..samples.len()).map(|at| format!("case{at}.cs")));
            vec![compile, command("mono", &["run.exe"])?]
        }
    })
}

fn command(program: &str, arguments: &[&str]) -> Result<Command, String> {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\" >/dev/null", program])
        .status();
    if !found.is_ok_and(|status| status.success()) {
        return Err(format!("{program} is missing"));
    }
    let mut command = Command::new("timeout");
    command.args([RUN_SECONDS, program]).args(arguments);
    Ok(command)
}

/// Runs samples in a folder; answers with what their programs said, or why they cannot be run.
pub(crate) fn run(language: Language, folder: &Path, samples: &[String]) -> Result<String, String> {
    let mut said = String::new();
    for mut command in program(language, folder, samples)? {
        let command = command.current_dir(folder).env("API_KEY", KEY).env("LC_ALL", "C.UTF-8");
        let done = command.output().unwrap();
        said.push_str(&String::from_utf8_lossy(&done.stdout));
        said.push_str(&String::from_utf8_lossy(&done.stderr));
    }
    Ok(said)
}

/// Runs every sample of a language; answers with what is wrong.
fn judge(language: Language) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("samples-{language}"));
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (echo, requests) = (Echo::start(), requests());
    let samples: Vec<_> = requests
        .iter()
        .enumerate()
        .map(|(at, request)| render(language, request, &shop::place(&echo.base_url(&at.to_string()))))
        .collect();
    for request in &requests {
        match &request.body {
            HttpBody::Bytes(bytes) => fs::write(folder.join("body.png"), bytes).unwrap(),
            HttpBody::Text(text) if text.len() > INLINE_MAX_BYTES => fs::write(folder.join("body.json"), text).unwrap(),
            HttpBody::Parts(parts) => {
                for (name, part) in parts.iter().filter_map(|part| Some((part.file_name.as_ref()?, part))) {
                    fs::write(folder.join(name), &part.content).unwrap();
                }
            }
            _ => {}
        }
    }
    let said = match run(language, &folder, &samples) {
        Ok(said) => said,
        Err(why) => {
            eprintln!("samples in {} are not run: {why}", language.label());
            return Vec::new();
        }
    };
    let mut wrong = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let faults = match echo.take(&at.to_string()) {
            Some(arrived) => compare(request, &known_difference(language, arrived)),
            None => vec!["nothing arrived".to_owned()],
        };
        for fault in faults {
            wrong.push(format!(
                "{language} {} {}: {fault}\n{}\n",
                request.method, request.target, samples[at]
            ));
        }
    }
    if !wrong.is_empty() {
        wrong.push(said);
    }
    wrong
}

/// What a language's library changes and no sample can help.
fn known_difference(language: Language, mut arrived: Arrived) -> Arrived {
    match language {
        // Mono's `Uri` decodes this one character; .NET's does not.
        Language::CSharp => arrived.target = arrived.target.replace('\'', "%27"),
        // `FormData` writes line breaks as forms of HTML do (HTML §4.10.21.8).
        Language::Node
            if arrived
                .header("content-type")
                .is_some_and(|value| value.starts_with("multipart")) =>
        {
            let text: String = arrived.body.iter().map(|byte| char::from(*byte)).collect();
            let text = text.replace("<two\r\nlines", "<two\nlines");
            arrived.body = text
                .chars()
                .map(|letter| u8::try_from(letter as u32).unwrap())
                .collect();
        }
        _ => {}
    }
    arrived
}

fn compare(request: &HttpRequest, arrived: &Arrived) -> Vec<String> {
    let mut faults = Vec::new();
    let mut differ = |what: &str, meant: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
        let (meant, got) = (format!("{meant:?}"), format!("{got:?}"));
        if meant != got {
            faults.push(format!("{what}: meant {meant}, got {got}"));
        }
    };
    differ("method", &request.method, &arrived.method);
    differ("target", &request.target, &arrived.target);
    differ("credential", &Some(KEY), &arrived.header("X-Api-Key"));
    let content_type = arrived.header("content-type").unwrap_or_default();
    for (name, value) in &request.headers {
        if !matches!(request.body, HttpBody::Parts(_)) || !name.eq_ignore_ascii_case("content-type") {
            differ(name, &Some(value.as_str()), &arrived.header(name));
        }
    }
    match &request.body {
        HttpBody::None => differ("body", &"", &String::from_utf8_lossy(&arrived.body)),
        HttpBody::Text(text) => differ("body", text, &String::from_utf8_lossy(&arrived.body)),
        HttpBody::Bytes(bytes) => differ("body", bytes, &arrived.body),
        HttpBody::Form(pairs) => differ("form", &sorted(pairs.clone()), &sorted(read_form(&arrived.body))),
        HttpBody::Parts(parts) => {
            differ("parts", &parts, &read_parts(content_type, &arrived.body, parts));
        }
    }
    faults
}

/// Go writes a form's fields by name; what comes twice stays in order.
pub(crate) fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

pub(crate) fn read_form(body: &[u8]) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let bytes = text.replace('+', " ").into_bytes();
        let mut plain = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let hex = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
            let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            plain.push(byte.unwrap_or(bytes[at]));
            at += if byte.is_some() { 3 } else { 1 };
        }
        String::from_utf8(plain).unwrap()
    };
    let text = String::from_utf8_lossy(body);
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn read_parts(content_type: &str, body: &[u8], meant: &[Part]) -> Vec<Part> {
    let boundary = content_type
        .split("boundary=")
        .nth(1)
        .unwrap_or_default()
        .trim_matches('"');
    // A character for each byte, so that any content can be cut as text.
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    let limit = format!("--{boundary}");
    let inner = text.split(&limit).skip(1).filter(|part| part.starts_with("\r\n"));
    inner
        .enumerate()
        .map(|(at, part)| {
            let (head, content) = part[2..].split_once("\r\n\r\n").unwrap_or((part, ""));
            let fields: BTreeMap<_, _> = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let of = |name: &str| {
                let field = fields.get("content-disposition")?;
                Some(
                    field
                        .split(&format!("; {name}="))
                        .nth(1)?
                        .trim_start_matches('"')
                        .split('"')
                        .next()?
                        .to_owned(),
                )
            };
            // Browsers, and what is built like them, name every part with a media type.
            let is_named = meant.get(at).is_none_or(|part| part.file_name.is_some());
            Part {
                name: of("name").unwrap_or_default(),
                file_name: of("filename").filter(|name| is_named || name != "blob"),
                media_type: fields.get("content-type").cloned(),
                content: content
                    .strip_suffix("\r\n")
                    .unwrap_or(content)
                    .chars()
                    .map(|letter| u8::try_from(letter as u32).unwrap())
                    .collect(),
            }
        })
        .collect()
}

macro_rules! languages {
    ($($name:ident: $language:ident),+) => {
        $(#[test]
        fn $name() {
            let wrong = judge(Language::$language);
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        })+
    };
}

languages! {
    samples_in_curl_send_what_was_meant: Curl,
    samples_in_node_send_what_was_meant: Node,
    samples_in_python_send_what_was_meant: Python,
    samples_in_java_send_what_was_meant: Java,
    samples_in_go_send_what_was_meant: Go,
    samples_in_ruby_send_what_was_meant: Ruby,
    samples_in_php_send_what_was_meant: Php,
    samples_in_csharp_send_what_was_meant: CSharp
}
