//! What has to be done so that an installation has what the files want. Pure: two tenants in, steps out.

use std::collections::BTreeSet;

use anyhow::bail;
use gatewright_types::access::RouteAccess;
use gatewright_types::slug::Slug;
use serde_json::Value;

use super::model::{Handle, Object};
use super::read::Desired;
use super::remote::{Callers, Remote};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Makes the object.
    Create,
    /// Changes some fields of it.
    Change,
    /// Gives a plan a new version.
    AddVersion,
    /// Deletes it.
    Delete,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Its name, as in a file.
    pub name: &'static str,
    /// What it is; nothing when the object is made.
    pub old: Option<Value>,
    /// What it will be; nothing when the object is deleted.
    pub new: Option<Value>,
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub verb: Verb,
    /// With which object.
    pub handle: Handle,
    /// Which one that is, for people.
    pub name: String,
    /// The fields it is about.
    pub fields: Vec<FieldChange>,
    /// What somebody should know before.
    pub notes: Vec<String>,
    /// Calls that work now and will not afterwards.
    pub callers: usize,
}

/// Steps in the order they have to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// How many objects are as the files want them.
    pub unchanged: usize,
    /// What the installation has, the files do not name, and nobody touches: kind and name.
    pub left_alone: Vec<(&'static str, String)>,
}

impl Plan {
    /// Compares; deletes what the files do not name when `prune` says so.
    ///
    /// # Errors
    ///
    /// When the files want what the API cannot do, with the place.
    pub fn make(desired: &Desired, remote: &Remote, prune: bool) -> anyhow::Result<Self> {
        check_tenant(desired, remote)?;
        let mut plan = Self::default();
        for (handle, wanted) in &desired.objects {
            match remote.objects.get(handle) {
                None => plan.steps.push(create(handle, wanted)),
                Some(found) => {
                    let changes = difference(found, wanted);
                    if let Some(fixed) = changes.iter().find(|change| is_fixed(handle, change.name)) {
                        let place = desired.place(handle).map(|at| format!("{at}: ")).unwrap_or_default();
                        bail!(
                            "{place}{handle}: {} cannot be changed from {} to {}: give the new one another slug",
                            fixed.name,
                            shown(fixed.old.as_ref()),
                            shown(fixed.new.as_ref())
                        );
                    }
                    plan.unchanged += usize::from(changes.is_empty());
                    plan.change(handle, wanted, changes, remote);
                }
            }
        }
        plan.absent(desired, remote, prune);
        Ok(plan)
    }

    fn change(&mut self, handle: &Handle, wanted: &Object, changes: Vec<FieldChange>, remote: &Remote) {
        let is_terms = |change: &FieldChange| {
            matches!(handle, Handle::Plan(_)) && !matches!(change.name, "name" | "description" | "selfService")
        };
        let (terms, fields): (Vec<_>, Vec<_>) = changes.into_iter().partition(is_terms);
        if !fields.is_empty() {
            self.steps.push(Step::new(Verb::Change, handle, wanted, fields));
        }
        if !terms.is_empty() {
            let version = remote
                .held
                .get(handle)
                .and_then(|held| held.seen["version"].as_i64())
                .unwrap_or_default();
            let mut step = Step::new(Verb::AddVersion, handle, wanted, terms);
            step.notes.push(format!(
                "version {} for new subscriptions; those that exist keep theirs",
                version + 1
            ));
            self.steps.push(step);
        }
    }

    /// What the files do not name: routes first, since they stand in a service's way.
    fn absent(&mut self, desired: &Desired, remote: &Remote, prune: bool) {
        let mut doomed = Vec::new();
        let absent = remote.objects.iter();
        for (handle, object) in absent.filter(|(handle, _)| !desired.objects.contains_key(handle)) {
            let gateway = match handle {
                Handle::Service(gateway, _) | Handle::Route(gateway, _) => Some(Handle::Gateway(gateway.clone())),
                _ => None,
            };
            // Goes, or stays, with its gateway.
            if gateway.is_some_and(|gateway| !desired.objects.contains_key(&gateway)) {
                continue;
            }
            match handle {
                Handle::Route(..) | Handle::Service(..) | Handle::Gateway(_) if prune => doomed.push(handle),
                Handle::Contract(_) => {}
                _ => self.left_alone.push((handle.kind(), handle.name(Some(object)))),
            }
        }
        doomed.sort_by_key(|handle| match handle {
            Handle::Route(..) => 0,
            Handle::Service(..) => 1,
            _ => 2,
        });
        self.steps
            .extend(doomed.into_iter().map(|handle| delete(handle, remote)));
    }

    /// Gateways of which something is deleted.
    pub fn pruned_gateways(&self) -> BTreeSet<Slug> {
        let deleted = self.steps.iter().filter(|step| step.verb == Verb::Delete);
        deleted
            .filter_map(|step| match &step.handle {
                Handle::Gateway(slug) | Handle::Service(slug, _) | Handle::Route(slug, _) => Some(slug.clone()),
                _ => None,
            })
            .collect()
    }

    /// Says with every deletion who may be calling what goes away.
    ///
    /// # Errors
    ///
    /// When the API would refuse a deletion.
    pub fn note_callers(&mut self, remote: &Remote, callers: &Callers) -> anyhow::Result<()> {
        for step in self.steps.iter_mut().filter(|step| step.verb == Verb::Delete) {
            let (gateway, routes): (&Slug, Vec<&Object>) = match &step.handle {
                Handle::Gateway(slug) => (slug, parts(remote, slug).map(|(_, object)| object).collect()),
                Handle::Route(slug, _) => (slug, remote.objects.get(&step.handle).into_iter().collect()),
                _ => continue,
            };
            let consumers = callers.consumers(gateway);
            if matches!(step.handle, Handle::Gateway(_)) && consumers > 0 {
                bail!(
                    "{} has {consumers} API consumers and is not deleted: delete them first",
                    step.handle
                );
            }
            let mut products = BTreeSet::new();
            let mut secure = false;
            for object in routes {
                if let Object::Route(route) = object
                    && route.access == RouteAccess::Secure
                {
                    secure = true;
                    products.extend(route.product.clone());
                }
            }
            let subscriptions = products
                .iter()
                .map(|product| callers.of_product(product))
                .max()
                .unwrap_or_default();
            let consumers = if secure { consumers } else { 0 };
            if subscriptions > 0 {
                step.notes
                    .push(format!("live: up to {subscriptions} subscriptions may call it"));
            }
            if consumers > 0 {
                step.notes.push(format!("live: {consumers} API consumers may call it"));
            }
            step.callers = subscriptions + consumers;
        }
        Ok(())
    }
}

impl Step {
    fn new(verb: Verb, handle: &Handle, object: &Object, fields: Vec<FieldChange>) -> Self {
        Self {
            verb,
            name: handle.name(Some(object)),
            handle: handle.clone(),
            fields,
            notes: Vec::new(),
            callers: 0,
        }
    }
}

/// A value as people read it.
pub fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

fn check_tenant(desired: &Desired, remote: &Remote) -> anyhow::Result<()> {
    if let Some((tenant, at)) = &desired.tenant
        && *tenant != remote.tenant
    {
        bail!(
            "{at}: the file is for the tenant {tenant}, the token is one of {}",
            remote.tenant
        );
    }
    for (product, at) in &desired.products {
        let handle = Handle::Product(product.clone());
        if !desired.objects.contains_key(&handle) && !remote.objects.contains_key(&handle) {
            bail!("{at}: there is no product {product}, in the files or in the installation");
        }
    }
    Ok(())
}

/// What the API never changes once an object is made.
fn is_fixed(handle: &Handle, field: &str) -> bool {
    match handle {
        Handle::Product(_) => field == "kind",
        Handle::Gateway(_) => matches!(field, "environment" | "authType"),
        _ => false,
    }
}

fn create(handle: &Handle, wanted: &Object) -> Step {
    let fields = wanted.fields().into_iter().map(|(name, new)| FieldChange {
        name,
        old: None,
        new: Some(new),
    });
    // What is absent, or stands in the name, is not worth a line.
    let in_name = |field: &FieldChange| match wanted {
        Object::Route(route) => field.name.ends_with("Path") && field.new == Some(route.key.path.as_str().into()),
        _ => false,
    };
    let said = |field: &FieldChange| {
        !in_name(field)
            && field.new.as_ref().is_some_and(|new| match new {
                Value::Null => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                _ => true,
            })
    };
    Step::new(Verb::Create, handle, wanted, fields.filter(said).collect())
}

fn delete(handle: &Handle, remote: &Remote) -> Step {
    let mut step = Step::new(Verb::Delete, handle, &remote.objects[handle], Vec::new());
    if let Handle::Gateway(slug) = handle {
        let services = parts(remote, slug)
            .filter(|(handle, _)| matches!(handle, Handle::Service(..)))
            .count();
        let routes = parts(remote, slug).count() - services;
        step.notes
            .push(format!("with its {services} services and {routes} routes"));
    }
    step
}

/// Services and routes of a gateway.
fn parts<'r>(remote: &'r Remote, gateway: &'r Slug) -> impl Iterator<Item = (&'r Handle, &'r Object)> {
    remote.objects.iter().filter_map(move |(handle, object)| match handle {
        Handle::Service(of, _) | Handle::Route(of, _) if of == gateway => Some((handle, object)),
        _ => None,
    })
}

fn difference(found: &Object, wanted: &Object) -> Vec<FieldChange> {
    let pairs = found.fields().into_iter().zip(wanted.fields());
    let changed = pairs.filter(|((_, old), (_, new))| old != new);
    changed
        .map(|((name, old), (_, new))| FieldChange {
            name,
            old: Some(old),
            new: Some(new),
        })
        .collect()
}
