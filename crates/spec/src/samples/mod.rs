//! Code that makes a request, in eight languages, complete and ready to run. The credential is always an environment variable.
//!
//! Each language is one Mustache template (`*.mustache`), filled in here for the page as it is served, and by `web/lib/samples.ts` while a form
//! changes. Templates have what a language looks like; `literal` how it quotes; `view` what both are given. A test holds both renderings
//! to the same bytes, and each language's own program to what arrives at a server.

mod literal;
mod view;

use gatewright_types::text_enum;

use crate::mustache;
use crate::place::Place;
use crate::values::HttpRequest;

/// How long a body may be that stands in the code; a longer one is read from a file.
pub const INLINE_MAX_BYTES: usize = 8 << 10;

text_enum! {
    /// A language of samples.
    pub enum Language {
        /// curl, in a POSIX shell.
        Curl = "CURL",
        /// Node.js 18 and newer.
        Node = "NODE",
        /// Python 3 with requests.
        Python = "PYTHON",
        /// Java 15 and newer.
        Java = "JAVA",
        /// Go.
        Go = "GO",
        /// Ruby.
        Ruby = "RUBY",
        /// PHP 8.1 and newer with its curl extension.
        Php = "PHP",
        /// C# 7.1 and newer.
        CSharp = "CSHARP",
    }
}

impl Language {
    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Node => "Node.js",
            Self::Python => "Python",
            Self::Java => "Java",
            Self::Go => "Go",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
            Self::CSharp => "C#",
        }
    }

    /// How a fenced code block names it.
    pub const fn fence(self) -> &'static str {
        match self {
            Self::Curl => "bash",
            Self::Node => "javascript",
            Self::Python => "python",
            Self::Java => "java",
            Self::Go => "go",
            Self::Ruby => "ruby",
            Self::Php => "php",
            Self::CSharp => "csharp",
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Curl => include_str!("curl.mustache"),
            Self::Node => include_str!("node.mustache"),
            Self::Python => include_str!("python.mustache"),
            Self::Java => include_str!("java.mustache"),
            Self::Go => include_str!("go.mustache"),
            Self::Ruby => include_str!("ruby.mustache"),
            Self::Php => include_str!("php.mustache"),
            Self::CSharp => include_str!("csharp.mustache"),
        }
    }
}

/// Code that makes a request at a place; without a line break at its end.
pub fn render(language: Language, request: &HttpRequest, place: &Place) -> String {
    let template = mustache::parse(language.template()).expect("the templates are ours, and tests read each of them");
    let view = view::of(language, request, place);
    let text = mustache::render(&template, &view, &|_| None).expect("the templates have no partials and are not deep");
    text.trim_end_matches('\n').to_owned()
}
