//! Embeds what `make web` left in `web/dist`. Where nothing is there, the style sheets are taken as they are written and
//! there are no scripts: pages look the same, and only passkeys and the theme switch without a reload are missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The style sheets, in the order in which they are joined.
const STYLES: [&str; 4] = ["tokens/tokens.css", "app.css", "reference.css", "portal.css"];

fn main() {
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../web");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let list = web.join("dist/assets.tsv");
    if !list.exists() {
        // Cargo takes a file that it is to watch and that is not there for one that changes with every build.
        let _ = fs::create_dir_all(web.join("dist")).and_then(|()| fs::write(&list, ""));
    }
    println!("cargo::rerun-if-changed={}", list.display());
    for style in STYLES {
        println!("cargo::rerun-if-changed={}", web.join(style).display());
    }
    let code = match fs::read_to_string(&list) {
        Ok(list) if !list.is_empty() => built(&web.join("dist"), &list, &out),
        _ => plain(&web, &out),
    };
    fs::write(out.join("assets.rs"), format!("&[{code}]")).expect("OUT_DIR can be written");
    fs::write(out.join("problem_pages.rs"), problem_pages()).expect("OUT_DIR can be written");
}

/// The pages of docs/errors by their codes, as they are when the program is built.
fn problem_pages() -> String {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../docs/errors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder).expect("docs/errors is in the repository");
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    pages.retain(|page| page.extension().is_some_and(|kind| kind == "md") && !page.ends_with("README.md"));
    pages.sort();
    let mut code = String::from("/// Every problem's code and page.\nconst PAGES: &[(&str, &str)] = &[");
    for page in pages {
        let name = page.file_stem().and_then(|name| name.to_str()).expect("a code");
        let _ = write!(code, "({name:?}, include_str!({page:?})),");
    }
    code + "];"
}

/// One line per file: what pages call it, and its name, which holds its hash. Copies are embedded: another build of the web
/// may take these away before the compiler reads them.
fn built(dist: &Path, list: &str, out: &Path) -> String {
    let mut code = String::new();
    for line in list.lines() {
        let (key, file) = line
            .split_once('\t')
            .expect("web/scripts/finish.mjs writes two columns");
        let path = dist.join(file);
        let name = Path::new(file)
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a file name");
        println!("cargo::rerun-if-changed={}", path.display());
        let [path, gzip, brotli] = ["", ".gz", ".br"].map(|ending| {
            let copy = out.join(format!("{name}{ending}"));
            fs::copy(dist.join(format!("{file}{ending}")), &copy).expect("web/scripts/finish.mjs wrote it");
            copy
        });
        let _ = write!(
            code,
            "Asset {{ key: {key:?}, name: {name:?}, plain: include_bytes!({path:?}), gzip: Some(include_bytes!({gzip:?})), \
             brotli: Some(include_bytes!({brotli:?})) }},"
        );
    }
    code
}

fn plain(web: &Path, out: &Path) -> String {
    let styles =
        STYLES.map(|style| fs::read_to_string(web.join(style)).expect("the style sheets are in the repository"));
    // FNV-1a: the name changes with the content, and nothing more is asked of it.
    let text = styles.concat();
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = out.join("app.css");
    fs::write(&path, text).expect("OUT_DIR can be written");
    let name = format!("app-{hash:016x}.css");
    format!("Asset {{ key: \"main.css\", name: {name:?}, plain: include_bytes!({path:?}), gzip: None, brotli: None }},")
}
