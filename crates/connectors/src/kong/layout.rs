//! What stands on a Kong and who gets in where: services, routes, and the plugins that act on them.
//!
//! A Kong admits whoever no plugin refuses. A route with `key-auth` and without `acl` accepts every key there is, ours
//! for another product among them; a route without `key-auth` accepts anybody.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join3;

use super::Kong;
use super::rows::{Plugin, Reference, Route, Service};
use crate::fault::Fault;
use crate::link::Link;

/// Most services, most routes and most plugins that are read.
pub(crate) const LAYOUT_ROWS_MAX: usize = 50_000;
/// Plugins that ask who calls, besides key-auth.
const OTHER_AUTHENTICATION: [&str; 10] = [
    "basic-auth",
    "hmac-auth",
    "jwt",
    "jwt-signer",
    "key-auth-enc",
    "ldap-auth",
    "ldap-auth-advanced",
    "mtls-auth",
    "oauth2",
    "openid-connect",
];

/// Services, routes and plugins.
pub(crate) struct Layout {
    /// By their ids.
    pub(crate) services: BTreeMap<String, Service>,
    routes: Vec<Route>,
    acls: Vec<Plugin>,
    /// Those that act, by their name, their route and their service.
    plugins: HashMap<Place, Plugin>,
}

/// A plugin's name, its route, its service.
type Place = (String, Option<String>, Option<String>);

/// A way in: a route, with its service where it has one.
#[derive(Clone, Copy)]
pub(crate) struct Door<'a> {
    layout: &'a Layout,
    pub(crate) service: Option<&'a Service>,
    pub(crate) route: &'a Route,
}

/// What is open at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// Nobody is asked who they are.
    Anybody,
    /// Who has no key is let in as somebody.
    Anonymous,
    /// Every key is accepted.
    EveryKey,
    /// Every key is accepted but those of some groups.
    EveryKeyBut,
}

impl Open {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Anybody => "accepts anybody: no plugin asks who calls",
            Self::Anonymous => {
                "lets callers without a key in: key-auth has an anonymous consumer, and no acl keeps it out"
            }
            Self::EveryKey => "accepts every key of every consumer: it has key-auth and no acl",
            Self::EveryKeyBut => {
                "accepts every key of every consumer but those of denied groups: its acl has no allow list"
            }
        }
    }
}

impl Kong {
    pub(crate) async fn layout(&self, link: &Link) -> Result<Layout, Fault> {
        let (services, routes, plugins) = try_join3(
            self.caller.all(link, "service.list", "/services", LAYOUT_ROWS_MAX),
            self.caller.all(link, "route.list", "/routes", LAYOUT_ROWS_MAX),
            self.caller.all(link, "plugin.list", "/plugins", LAYOUT_ROWS_MAX),
        )
        .await?;
        Ok(Layout::new(
            services.unwrap_or_default(),
            routes.unwrap_or_default(),
            plugins.unwrap_or_default(),
        ))
    }
}

impl Layout {
    fn new(services: Vec<Service>, routes: Vec<Route>, plugins: Vec<Plugin>) -> Self {
        let (mut acls, mut placed) = (Vec::new(), HashMap::new());
        for plugin in plugins {
            // Those of single consumers do not concern a caller who is not known yet.
            let for_all = plugin.consumer.is_none() && plugin.consumer_group.is_none();
            if plugin.name == "acl" {
                acls.push(plugin.clone());
            }
            if plugin.enabled && for_all {
                let id = |reference: &Option<Reference>| reference.as_ref().map(|one| one.id.clone());
                let place = (plugin.name.clone(), id(&plugin.route), id(&plugin.service));
                placed.insert(place, plugin);
            }
        }
        Self {
            services: services
                .into_iter()
                .map(|service| (service.id.clone(), service))
                .collect(),
            routes,
            acls,
            plugins: placed,
        }
    }

    /// Every way in.
    pub(crate) fn doors(&self) -> impl Iterator<Item = Door<'_>> {
        self.routes.iter().map(|route| Door {
            layout: self,
            service: route
                .service
                .as_ref()
                .and_then(|service| self.services.get(&service.id)),
            route,
        })
    }

    /// Every way in, by the groups that are let in there; a group that is let in nowhere has none.
    pub(crate) fn doors_by_group(&self) -> BTreeMap<&str, Vec<Door<'_>>> {
        let acls = self.acls.iter().filter(|acl| acl.enabled);
        let mut groups: BTreeMap<&str, Vec<Door<'_>>> = acls
            .flat_map(|acl| acl.texts("allow"))
            .map(|group| (group, Vec::new()))
            .collect();
        for door in self.doors() {
            for group in door.plugin("acl").into_iter().flat_map(|acl| acl.texts("allow")) {
                groups.entry(group).or_default().push(door);
            }
        }
        groups
    }

    /// Whether an acl plugin that is switched off allows a group.
    pub(crate) fn is_switched_off(&self, group: &str) -> bool {
        let acls = self.acls.iter().filter(|acl| !acl.enabled);
        acls.flat_map(|acl| acl.texts("allow")).any(|one| one == group)
    }
}

impl<'a> Door<'a> {
    /// The plugin of this name that acts here. Of several it is the closest: Kong takes the route's and service's before
    /// the route's, the service's and the one for everything.
    pub(crate) fn plugin(&self, name: &str) -> Option<&'a Plugin> {
        let route = || Some(self.route.id.clone());
        let service = || self.route.service.as_ref().map(|service| service.id.clone());
        let places = [(route(), service()), (route(), None), (None, service()), (None, None)];
        places
            .into_iter()
            .find_map(|(route, service)| self.layout.plugins.get(&(name.to_owned(), route, service)))
    }

    /// Whether keys of this Kong's consumers are read here, and not only those of one of Konnect's realms.
    pub(crate) fn reads_keys(&self) -> bool {
        self.plugin("key-auth").is_some_and(|plugin| {
            let realms = plugin
                .config
                .as_ref()
                .and_then(|config| config.get("identity_realms")?.as_array());
            realms.is_none_or(|realms| realms.is_empty() || realms.iter().any(|realm| realm["scope"] == "cp"))
        })
    }

    /// What is open here, if anything.
    pub(crate) fn open(&self) -> Option<Open> {
        if self.plugin("request-termination").is_some() || self.service.is_some_and(|service| !service.enabled) {
            return None;
        }
        let acl = self.plugin("acl");
        // An acl lets nobody in who is not known, whatever makes them known.
        if let Some(acl) = acl {
            return if acl.texts("allow").next().is_some() {
                None
            } else {
                Some(Open::EveryKeyBut)
            };
        }
        match self.plugin("key-auth") {
            Some(keys) if keys.text("anonymous").is_some_and(|consumer| !consumer.is_empty()) => Some(Open::Anonymous),
            Some(_) => Some(Open::EveryKey),
            None if OTHER_AUTHENTICATION.iter().any(|name| self.plugin(name).is_some()) => None,
            None => Some(Open::Anybody),
        }
    }

    /// Its name for people, as in `orders/orders-route`.
    pub(crate) fn name(&self) -> String {
        let route = name_of(self.route.name.as_deref(), &self.route.id);
        match self.service {
            Some(service) => format!("{}/{route}", service_name(service)),
            None => route.to_owned(),
        }
    }

    /// What a request has to look like to come here.
    pub(crate) fn pattern(&self) -> String {
        let list = |texts: &Option<Vec<String>>| texts.as_deref().unwrap_or_default().join(" ");
        let parts = [
            list(&self.route.methods),
            list(&self.route.hosts),
            list(&self.route.paths),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!(
            "{}: {}",
            name_of(self.route.name.as_deref(), &self.route.id),
            parts.join(" ")
        )
    }
}

pub(crate) fn service_name(service: &Service) -> &str {
    name_of(service.name.as_deref().or(service.host.as_deref()), &service.id)
}

fn name_of<'a>(name: Option<&'a str>, id: &'a str) -> &'a str {
    name.unwrap_or(id)
}
