//! What a region offers, and whether a product can be mapped to some of its usage plans.

use std::collections::BTreeMap;

use futures_util::future::try_join;

use super::AwsApiGateway;
use super::client::Ask;
use super::rows::{Api, ApiStage, Plan};
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Judgement, Offered, OfferedKind, Page};

/// Most plans that a key is in, which AWS does not raise.
pub(crate) const PLANS_OF_A_KEY: u32 = 10;
/// APIs on a page: each costs some calls, so that a page stays a matter of seconds.
pub(crate) const APIS_PER_PAGE: u32 = 20;
/// Most stages of a mapping that are looked at; that it has more is said.
const STAGES_JUDGED_MAX: usize = 100;

impl AwsApiGateway {
    /// Usage plans and the first APIs, then more APIs.
    pub(crate) async fn offers(&self, link: &Link, cursor: Option<String>) -> Result<Page<Offered>, Fault> {
        let mut items = Vec::new();
        if cursor.is_none() {
            let (plans, apis) = try_join(self.plans(link), self.apis(link)).await?;
            items.extend(plans.values().map(|plan| offered_plan(plan, &apis)));
        }
        let ask = Ask::get("api.list", "/restapis");
        let page: Page<Api> = self.caller.page(link, ask, APIS_PER_PAGE, cursor).await?;
        for api in &page.items {
            items.push(self.offered_api(link, api).await?);
        }
        Ok(Page { items, next: page.next })
    }

    async fn offered_api(&self, link: &Link, api: &Api) -> Result<Offered, Fault> {
        let stages = self.stages(link, &api.id).await?.unwrap_or_default();
        let mut warnings = Vec::new();
        for stage in &stages {
            let doors = self.doors(link, api, stage).await?;
            warnings.extend(doors.open.iter().map(|door| format!("{door}: {OPEN}")));
            warnings.extend(doors.warnings);
        }
        Ok(Offered {
            kind: OfferedKind::Service,
            remote_id: api.id.clone(),
            name: api.name().to_owned(),
            detail: stages
                .into_iter()
                .map(|stage| format!("stage {}", stage.stage_name))
                .collect(),
            warnings,
        })
    }

    /// Whether a product can be given by these usage plans.
    pub(crate) async fn judge(&self, link: &Link, scope: &[String]) -> Result<Judgement, Fault> {
        let (plans, apis) = try_join(self.plans(link), self.apis(link)).await?;
        let mut judgement = Judgement::default();
        if scope.is_empty() {
            judgement
                .refusals
                .push("it names no usage plan, so its keys would open nothing".to_owned());
        }
        if scope.len() > PLANS_OF_A_KEY as usize {
            let words = format!(
                "it names {} usage plans, and a key can be in {PLANS_OF_A_KEY}",
                scope.len()
            );
            judgement.refusals.push(words);
        }
        let mut given: BTreeMap<&ApiStage, &Plan> = BTreeMap::new();
        for id in scope {
            let Some(plan) = plans.get(id) else {
                judgement.refusals.push(format!("{id}: there is no such usage plan"));
                continue;
            };
            if plan.stages().next().is_none() {
                judgement.refusals.push(format!(
                    "{id}: this usage plan has no API stage, so its keys open nothing"
                ));
            }
            for stage in plan.stages() {
                if let Some(other) = given.insert(stage, plan) {
                    let words = format!(
                        "{id} and {}: both cover {}, and a key can be in one plan of a stage",
                        other.id,
                        named(stage, &apis)
                    );
                    judgement.refusals.push(words);
                }
            }
        }
        for stage in given.keys().take(STAGES_JUDGED_MAX) {
            self.judge_stage(link, &apis, stage, &mut judgement).await?;
        }
        if let Some(more) = given.len().checked_sub(STAGES_JUDGED_MAX).filter(|more| *more > 0) {
            judgement
                .warnings
                .push(format!("{more} more stages were not looked at"));
        }
        Ok(judgement)
    }

    async fn judge_stage(
        &self,
        link: &Link,
        apis: &BTreeMap<String, Api>,
        place: &ApiStage,
        judgement: &mut Judgement,
    ) -> Result<(), Fault> {
        let gone = format!("{}: there is no such stage any more", named(place, apis));
        let Some(api) = apis.get(&place.api_id) else {
            judgement.refusals.push(gone);
            return Ok(());
        };
        let stages = self.stages(link, &api.id).await?.unwrap_or_default();
        let Some(stage) = stages.iter().find(|stage| stage.stage_name == place.stage) else {
            judgement.refusals.push(gone);
            return Ok(());
        };
        let doors = self.doors(link, api, stage).await?;
        judgement.warnings.extend(doors.warnings);
        judgement
            .warnings
            .extend(doors.open.iter().map(|door| format!("{door}: {OPEN}")));
        judgement.open.extend(doors.open);
        Ok(())
    }
}

const OPEN: &str = "accepts anybody: it asks for no key (apiKeyRequired is off)";

fn named(place: &ApiStage, apis: &BTreeMap<String, Api>) -> String {
    let api = apis.get(&place.api_id).map_or(place.api_id.as_str(), Api::name);
    format!("{api}/{}", place.stage)
}

fn offered_plan(plan: &Plan, apis: &BTreeMap<String, Api>) -> Offered {
    let stages = plan.stages().map(|stage| format!("stage {}", named(stage, apis)));
    let throttle = plan.throttle.iter();
    let throttle = throttle.map(|rate| format!("{} calls a second, bursts of {}", rate.rate_limit, rate.burst_limit));
    let quota = plan
        .quota
        .iter()
        .map(|quota| format!("{} calls a {}", quota.limit, quota.period.to_lowercase()));
    let nowhere = plan.stages().next().is_none();
    Offered {
        kind: OfferedKind::Product,
        remote_id: plan.id.clone(),
        name: plan.name().to_owned(),
        detail: stages.chain(throttle).chain(quota).collect(),
        warnings: nowhere
            .then(|| "no stage can be called with it".to_owned())
            .into_iter()
            .collect(),
    }
}
