//! What a Kong offers, and whether a product can be mapped to some of its groups.

use std::collections::{BTreeMap, BTreeSet};

use super::Kong;
use super::layout::{Door, Layout, service_name};
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Judgement, Offered, OfferedKind, Page};

impl Kong {
    /// Services with their routes, and the groups that are let in somewhere: all of them, on one page, because which
    /// plugin acts where only shows when all are known.
    pub(crate) async fn offers(&self, link: &Link) -> Result<Page<Offered>, Fault> {
        let layout = self.layout(link).await?;
        let mut by_service: BTreeMap<&str, Vec<Door<'_>>> = BTreeMap::new();
        for door in layout.doors() {
            let service = door.service.map_or("", |service| &service.id);
            by_service.entry(service).or_default().push(door);
        }
        let services = layout.services.values().map(|service| {
            let doors = by_service.get(service.id.as_str()).map_or(&[][..], Vec::as_slice);
            Offered {
                kind: OfferedKind::Service,
                remote_id: service.id.clone(),
                name: service_name(service).to_owned(),
                detail: doors.iter().map(Door::pattern).collect(),
                warnings: doors.iter().flat_map(warnings).collect(),
            }
        });
        let groups = layout.doors_by_group().into_iter().map(|(group, doors)| {
            let nowhere = doors.is_empty().then(|| "no route can be called with it".to_owned());
            Offered {
                kind: OfferedKind::Product,
                remote_id: group.to_owned(),
                name: group.to_owned(),
                detail: doors.iter().map(Door::name).collect(),
                warnings: nowhere
                    .into_iter()
                    .chain(doors.iter().filter_map(without_key))
                    .collect(),
            }
        });
        Ok(Page {
            items: services.chain(groups).collect(),
            next: None,
        })
    }

    /// Whether a product can be given by these groups.
    pub(crate) async fn judge(&self, link: &Link, scope: &[String]) -> Result<Judgement, Fault> {
        Ok(judgement(&self.layout(link).await?, scope))
    }
}

fn judgement(layout: &Layout, scope: &[String]) -> Judgement {
    let mut judgement = Judgement::default();
    if scope.is_empty() {
        judgement
            .refusals
            .push("it names no group, so its keys would open nothing".to_owned());
    }
    let by_group = layout.doors_by_group();
    let mut given = BTreeMap::new();
    for group in scope {
        let doors = by_group.get(group.as_str());
        judgement.refusals.extend(refusal(layout, doors, group));
        given.extend(doors.into_iter().flatten().map(|door| (&door.route.id, door)));
    }
    for door in given.values() {
        judgement
            .warnings
            .extend(without_key(door).into_iter().chain(leaks(door)));
    }
    let sold: BTreeSet<_> = given.values().filter_map(|door| Some(&door.service?.id)).collect();
    // A key opens these whatever groups its consumer is in.
    for (door, open) in layout.doors().filter_map(|door| Some((door, door.open()?))) {
        judgement.warnings.push(format!("{}: {}", door.name(), open.words()));
        if door.service.is_some_and(|service| sold.contains(&service.id)) {
            judgement.open.push(door.name());
        }
    }
    judgement
}

fn refusal(layout: &Layout, doors: Option<&Vec<Door<'_>>>, group: &str) -> Option<String> {
    let why = match doors {
        None if layout.is_switched_off(group) => "the acl plugin that allows this group is switched off",
        None => "no acl plugin allows this group",
        Some(doors) if doors.is_empty() => "an acl plugin allows this group, and no route can be called with it",
        Some(doors) if !doors.iter().any(Door::reads_keys) => {
            "no route that lets this group in reads this gateway's keys (key-auth), so none opens it"
        }
        Some(_) => return None,
    };
    Some(format!("{group}: {why}"))
}

fn warnings(door: &Door<'_>) -> Vec<String> {
    let open = door.open().map(|open| format!("{}: {}", door.name(), open.words()));
    open.into_iter().chain(leaks(door)).collect()
}

/// What a route tells the service that it should not have to know.
fn leaks(door: &Door<'_>) -> Option<String> {
    let keys = door.plugin("key-auth")?;
    let shown = !keys.has_on("hide_credentials");
    shown.then(|| {
        format!(
            "{}: hands the caller's key on to the service (hide_credentials is off)",
            door.name()
        )
    })
}

fn without_key(door: &Door<'_>) -> Option<String> {
    let locked = !door.reads_keys();
    locked.then(|| {
        format!(
            "{}: has acl and no key-auth that reads this gateway's keys, so none opens it",
            door.name()
        )
    })
}
