//! From a request's head to a route.

use std::borrow::Cow;

use gatewright_types::ProblemCode;
use http::{HeaderMap, Method, Uri, Version};

use crate::snapshot::{Gateway, Route, Snapshot};
use crate::template::{Piece, TEMPLATE_MAX_PARAMETERS};
use crate::trie::Values;
use crate::{Refusal, path};

/// The head of a request, as a decision needs it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'r> {
    /// The method.
    pub method: &'r Method,
    /// The request target, as it was received.
    pub uri: &'r Uri,
    /// The protocol version.
    pub version: Version,
    /// The fields.
    pub headers: &'r HeaderMap,
}

impl<'r> From<&'r http::request::Parts> for Head<'r> {
    fn from(parts: &'r http::request::Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            version: parts.version,
            headers: &parts.headers,
        }
    }
}

/// Where a request goes, if it is admitted.
#[derive(Clone, Debug)]
pub struct Match<'s, 'r> {
    /// The gateway.
    pub gateway: &'s Gateway,
    /// The route of it.
    pub route: &'s Route,
    path: Cow<'r, str>,
    query: Option<&'r str>,
    /// Where the parameters' values lie in `path`; a request target is shorter than 64 KiB.
    parameters: Values,
}

/// Finds the gateway and the route that a request is for.
///
/// # Errors
///
/// `ambiguous-request`, `no-gateway`, `no-route` or `method-not-allowed`.
pub fn match_route<'s, 'r>(snapshot: &'s Snapshot, head: &Head<'r>) -> Result<Match<'s, 'r>, Refusal> {
    let gateway = snapshot.gateway_of(head)?;
    let query = head.uri.query();
    if let Some(query) = query {
        path::check_query(query).map_err(|fault| Refusal::ambiguous(sentence(fault)))?;
    }
    // OPTIONS * (RFC 9112 §3.2.4) asks about a server, and no route is a server.
    if head.uri.path() == "*" {
        return Err(no_route());
    }
    let path = path::normalize(head.uri.path()).map_err(|fault| Refusal::ambiguous(sentence(fault)))?;
    if path.len() > usize::from(u16::MAX) {
        return Err(no_route());
    }
    let mut parameters = [(0, 0); TEMPLATE_MAX_PARAMETERS];
    let Some(at) = gateway.routers.find(head.method, &path, &mut parameters) else {
        return Err(refuse(gateway, &path));
    };
    let route = &gateway.routes[at];
    Ok(Match {
        gateway,
        route,
        path,
        query,
        parameters,
    })
}

fn sentence(fault: path::PathFault) -> String {
    let mut text = fault.to_string();
    text.replace_range(..1, &text[..1].to_uppercase());
    text.push('.');
    text
}

fn no_route() -> Refusal {
    Refusal::new(ProblemCode::NoRoute, "No route of this gateway matches the path.")
}

#[cold]
fn refuse(gateway: &Gateway, path: &str) -> Refusal {
    let Some(allowed) = gateway.routers.allowed(path) else {
        return no_route();
    };
    Refusal {
        code: ProblemCode::MethodNotAllowed,
        detail: "The path answers to other methods; see the Allow field.".into(),
        allow: Some(allowed),
    }
}

impl Match<'_, '_> {
    /// Whether the target is the request's own path and query, byte for byte.
    pub fn is_target_unchanged(&self) -> bool {
        self.route.target.is_identity && matches!(self.path, Cow::Borrowed(_))
    }

    /// How many bytes [`Match::render_target`] appends.
    pub fn target_length(&self) -> usize {
        let pieces = self.route.target.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Parameter(number) => {
                let (start, end) = self.parameters[*number];
                usize::from(end - start)
            }
        });
        pieces.sum::<usize>() + self.query.map_or(0, |query| 1 + query.len())
    }

    /// Appends path and query as the upstream is asked for them.
    ///
    /// The query is passed on untouched; parameters keep their percent-encoding.
    pub fn render_target(&self, buffer: &mut Vec<u8>) {
        for piece in &self.route.target.pieces {
            match piece {
                Piece::Text(text) => buffer.extend_from_slice(text.as_bytes()),
                Piece::Parameter(number) => {
                    let (start, end) = self.parameters[*number];
                    buffer.extend_from_slice(&self.path.as_bytes()[usize::from(start)..usize::from(end)]);
                }
            }
        }
        if let Some(query) = self.query {
            buffer.push(b'?');
            buffer.extend_from_slice(query.as_bytes());
        }
    }
}
