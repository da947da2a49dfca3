//! One router per method, so that a request is matched once.

use std::collections::HashMap;

use http::Method;

use crate::compile::GatewayFault;
use crate::config::RouteConfig;
use crate::template::{TEMPLATE_MAX_PARAMETERS, Template};
use crate::trie::{Trie, Values};

/// The method of a route that answers to every method.
const ANY: &str = "ANY";

/// The routes of a gateway by method.
#[derive(Debug)]
pub(crate) struct Routers {
    /// One per method that a route names; each also holds the `ANY` routes it does not overrule. In
    /// the order of an `Allow` field, with what is asked for most at its beginning.
    methods: Vec<(Method, Trie)>,
    /// For every other method: the `ANY` routes alone.
    any: Trie,
}

impl Routers {
    /// Sorts routes, whose templates are given in the same order.
    ///
    /// On one template a route of the very method goes before `GET` answering `HEAD`, and that before
    /// `ANY`.
    pub(crate) fn new(configs: &[RouteConfig], templates: &[Template]) -> Result<Self, GatewayFault> {
        let shapes: Vec<String> = templates.iter().map(Template::shape).collect();
        let mut by_method: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
        for (at, (config, shape)) in configs.iter().zip(&shapes).enumerate() {
            if let Some(first) = by_method.entry(&config.method).or_default().insert(shape, at) {
                return Err(GatewayFault::RouteConflict {
                    first: configs[first].id,
                    second: config.id,
                    method: config.method.clone(),
                    public_path: config.public_path.clone(),
                });
            }
        }
        let any_routes = by_method.remove(ANY).unwrap_or_default();
        if let Some(get_routes) = by_method.get("GET").cloned() {
            let head_routes = by_method.entry("HEAD").or_default();
            for (shape, at) in get_routes {
                head_routes.entry(shape).or_insert(at);
            }
        }
        let trie = |routes: &HashMap<&str, usize>| {
            let mut trie = Trie::default();
            for &at in routes.values() {
                trie.insert(&templates[at], at);
            }
            trie
        };
        let mut methods = Vec::with_capacity(by_method.len());
        for (name, mut routes) in by_method {
            for (&shape, &at) in &any_routes {
                routes.entry(shape).or_insert(at);
            }
            let method = Method::from_bytes(name.as_bytes()).expect("every route's method was judged to be a token");
            methods.push((method, trie(&routes)));
        }
        methods.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.as_str().cmp(b.as_str())));
        Ok(Self {
            methods,
            any: trie(&any_routes),
        })
    }

    /// The route that a method and a path mean.
    pub(crate) fn find(&self, method: &Method, path: &str, values: &mut Values) -> Option<usize> {
        match self.methods.iter().find(|(known, _)| known == method) {
            Some((_, trie)) => trie.find(path, values),
            // Neither is ever passed on: a tunnel cannot be checked, and TRACE shows what we add.
            None if matches!(*method, Method::CONNECT | Method::TRACE) => None,
            None => self.any.find(path, values),
        }
    }

    /// The methods that a path answers to, as in an `Allow` field; `None` when there is no such path.
    pub(crate) fn allowed(&self, path: &str) -> Option<String> {
        let values = &mut [(0, 0); TEMPLATE_MAX_PARAMETERS];
        let mut allowed = Vec::new();
        for (method, trie) in &self.methods {
            if trie.find(path, values).is_some() {
                allowed.push(method.as_str());
            }
        }
        let exists = !allowed.is_empty() || self.any.find(path, values).is_some();
        exists.then(|| allowed.join(", "))
    }
}

fn rank(method: &Method) -> usize {
    const ORDER: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    ORDER.iter().position(|known| known == method).unwrap_or(ORDER.len())
}
