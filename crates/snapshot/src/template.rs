//! Path templates: `/v1/translate/{id}`, `/files/{*rest}`.

use crate::path;

/// Most parameters of one template.
pub const TEMPLATE_MAX_PARAMETERS: usize = 16;
/// Longest template, in bytes.
pub const TEMPLATE_MAX_LENGTH: usize = 2048;

/// Why a text is no path template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It has to start with a slash.
    #[error("a path starts with /")]
    NotAbsolute,
    /// Longer than [`TEMPLATE_MAX_LENGTH`].
    #[error("a path template has at most {TEMPLATE_MAX_LENGTH} characters")]
    TooLong,
    /// More than [`TEMPLATE_MAX_PARAMETERS`].
    #[error("a path template has at most {TEMPLATE_MAX_PARAMETERS} parameters")]
    TooManyParameters,
    /// A literal segment that could not be matched as it stands.
    #[error("segment {segment:?}: {reason}")]
    Literal {
        /// The segment as it was written.
        segment: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A brace somewhere else than around a whole segment.
    #[error("segment {0:?}: a parameter is a whole segment, as in /{{id}}/")]
    Brace(String),
    /// A parameter's name.
    #[error("parameter {0:?}: a name has letters, digits, _ and -, and starts with a letter or _")]
    Name(String),
    /// Two parameters of one name.
    #[error("parameter {0:?} stands there twice")]
    Twice(String),
    /// A wildcard that is not at the end.
    #[error("{{*{0}}} matches everything that follows: it has to be the last segment")]
    WildcardNotLast(String),
    /// The target names a parameter that the public path does not have.
    #[error("the target uses {0}, which the public path does not have")]
    UnknownParameter(String),
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Matches itself, byte for byte.
    Literal(String),
    /// Matches one segment that is not empty.
    Parameter(String),
    /// Matches the rest of the path, at least one character of it.
    Wildcard(String),
}

/// A path template that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
}

impl Template {
    /// Reads a template; literals have to stand in the normal form of [`path::normalize`].
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the segment and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_MAX_LENGTH {
            return Err(TemplateError::TooLong);
        }
        let rest = text.strip_prefix('/').ok_or(TemplateError::NotAbsolute)?;
        let mut segments: Vec<Segment> = Vec::new();
        let count = rest.split('/').count();
        for (at, text) in rest.split('/').enumerate() {
            let is_last = at + 1 == count;
            let segment = parse_segment(text, is_last)?;
            if let Segment::Parameter(name) | Segment::Wildcard(name) = &segment {
                if segments.iter().any(|earlier| earlier.parameter() == Some(name)) {
                    return Err(TemplateError::Twice(name.clone()));
                }
                if matches!(segment, Segment::Wildcard(_)) && !is_last {
                    return Err(TemplateError::WildcardNotLast(name.clone()));
                }
            }
            segments.push(segment);
        }
        if segments.iter().filter(|segment| segment.parameter().is_some()).count() > TEMPLATE_MAX_PARAMETERS {
            return Err(TemplateError::TooManyParameters);
        }
        Ok(Self { segments })
    }

    /// The segments, in order. A trailing slash is an empty literal at the end.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The template with numbers for names: two templates that match the same paths have the same shape.
    pub(crate) fn shape(&self) -> String {
        let mut shape = String::new();
        let mut number = 0usize..;
        for segment in &self.segments {
            shape.push('/');
            match segment {
                Segment::Literal(text) => shape.push_str(text),
                Segment::Parameter(_) => shape.push_str(&format!("{{{}}}", number.next().unwrap_or_default())),
                Segment::Wildcard(_) => shape.push_str(&format!("{{*{}}}", number.next().unwrap_or_default())),
            }
        }
        shape
    }

    fn position(&self, wanted: &Segment) -> Option<usize> {
        self.segments
            .iter()
            .filter(|segment| segment.parameter().is_some())
            .position(|segment| segment == wanted)
    }
}

impl Segment {
    fn parameter(&self) -> Option<&String> {
        match self {
            Self::Literal(_) => None,
            Self::Parameter(name) | Self::Wildcard(name) => Some(name),
        }
    }
}

fn parse_segment(text: &str, is_last: bool) -> Result<Segment, TemplateError> {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(inner) = inner else {
        return parse_literal(text, is_last);
    };
    let (is_wildcard, name) = match inner.strip_prefix('*') {
        Some(name) => (true, name),
        None => (false, inner),
    };
    let mut letters = name.bytes();
    let starts_well = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic() || letter == b'_');
    if !starts_well || !letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-')) {
        return Err(TemplateError::Name(name.to_owned()));
    }
    Ok(if is_wildcard {
        Segment::Wildcard(name.to_owned())
    } else {
        Segment::Parameter(name.to_owned())
    })
}

fn parse_literal(text: &str, is_last: bool) -> Result<Segment, TemplateError> {
    if text.contains(['{', '}']) {
        return Err(TemplateError::Brace(text.to_owned()));
    }
    let fault = |reason: String| TemplateError::Literal {
        segment: text.to_owned(),
        reason,
    };
    if text.is_empty() && !is_last {
        return Err(fault(path::PathFault::EmptySegment.to_string()));
    }
    let whole = format!("/{text}");
    match path::normalize(&whole) {
        Ok(normal) if normal == whole => Ok(Segment::Literal(text.to_owned())),
        Ok(normal) => Err(fault(format!("write it as {:?}", &normal[1..]))),
        Err(path_fault) => Err(fault(path_fault.to_string())),
    }
}

/// What is written in place of a target template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This text.
    Text(String),
    /// The value of the public path's parameter of this number.
    Parameter(usize),
}

/// How to write a target path.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) pieces: Vec<Piece>,
    /// Whether the target of every path is that very path.
    pub(crate) is_identity: bool,
}

impl Target {
    /// Lays a target template below a base path (without trailing slash).
    pub(crate) fn new(public: &Template, target: &Template, base_path: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut text = base_path.to_owned();
        for segment in target.segments() {
            text.push('/');
            match segment {
                Segment::Literal(literal) => text.push_str(literal),
                Segment::Parameter(_) | Segment::Wildcard(_) => {
                    let number = public.position(segment).ok_or_else(|| unknown(segment))?;
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Parameter(number));
                }
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self {
            pieces,
            is_identity: base_path.is_empty() && public == target,
        })
    }
}

fn unknown(segment: &Segment) -> TemplateError {
    TemplateError::UnknownParameter(match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Parameter(name) => format!("{{{name}}}"),
        Segment::Wildcard(name) => format!("{{*{name}}}"),
    })
}

/// Judges a route's two templates as they would be judged with the whole gateway.
///
/// # Errors
///
/// [`TemplateError`], with the field it belongs to: `publicPath` or `targetPath`.
pub fn judge_paths(public_path: &str, target_path: &str) -> Result<(), (&'static str, TemplateError)> {
    let public = Template::parse(public_path).map_err(|error| ("publicPath", error))?;
    let target = Template::parse(target_path).map_err(|error| ("targetPath", error))?;
    Target::new(&public, &target, "")
        .map(|_| ())
        .map_err(|error| ("targetPath", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn good_templates_are_read() {
        for text in [
            "/",
            "/a",
            "/a/",
            "/v1/{id}/x",
            "/files/{*rest}",
            "/{a}/{b-c}/{_d}",
            "/.well-known/x",
            "/a%2Fb",
        ] {
            assert!(Template::parse(text).is_ok(), "{text}: {:?}", Template::parse(text));
        }
    }

    #[test]
    fn bad_templates_are_refused_with_words() {
        for (text, words) in [
            ("a", "starts with /"),
            ("/a//b", "empty segment"),
            ("/a{b}", "whole segment"),
            ("/{1a}", "a name has"),
            ("/{}", "a name has"),
            ("/{a}/{a}", "twice"),
            ("/{*a}/b", "last segment"),
            ("/../x", "dot segment"),
            ("/%61", "write it as \"a\""),
            ("/ä", "outside ASCII"),
            ("/a?b", "control character"),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert_eq!(
            Template::parse(&format!("/{}", "a".repeat(3000))),
            Err(TemplateError::TooLong)
        );
        assert_eq!(
            judge_paths("/a/{id}", "/b/{name}").unwrap_err().1.to_string(),
            "the target uses {name}, which the public path does not have"
        );
        assert!(
            judge_paths("/a/{*id}", "/b/{id}").is_err(),
            "a wildcard is no parameter"
        );
        assert!(
            judge_paths("/a/{id}/{*rest}", "/{*rest}").is_ok(),
            "a parameter may be dropped"
        );
    }

    #[test]
    fn names_do_not_make_a_shape() {
        let shape = |text: &str| Template::parse(text).unwrap().shape();
        assert_eq!(shape("/a/{x}/{*y}"), shape("/a/{q}/{*r}"));
        assert_ne!(shape("/a/{x}"), shape("/a/{*x}"));
        assert_ne!(shape("/a"), shape("/a/"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = Template::parse(&text);
        }

        #[test]
        fn a_template_that_is_read_has_a_shape_of_as_many_segments(text in "(/([a-z{}*.%]{0,5})){1,6}") {
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(template.shape().matches('/').count(), template.segments().len());
                prop_assert!(text.starts_with('/'));
            }
        }
    }
}
