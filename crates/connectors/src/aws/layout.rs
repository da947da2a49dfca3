//! What stands in a region: usage plans, APIs with their stages, and which methods ask for a key.
//!
//! What counts is what was deployed. `GET /restapis/{id}/resources` shows the API as it is being edited; a stage shows what
//! its deployment froze, and that is in the deployment's `apiSummary`.

use std::collections::BTreeMap;

use super::AwsApiGateway;
use super::client::Ask;
use super::rows::{Api, Deployment, Plan, Stage, Stages};
use crate::fault::Fault;
use crate::link::Link;
use crate::wire::segment;

/// Most usage plans that are read: an account has 300 unless AWS allowed it more.
pub(crate) const PLANS_MAX: usize = 5_000;
/// Most REST APIs that are read: a region has 600 of each kind unless AWS allowed it more.
pub(crate) const APIS_MAX: usize = 5_000;
/// Browsers ask without a key whether they may call, and cannot do otherwise.
const PREFLIGHT: &str = "OPTIONS";

/// What a deployed stage asks of its callers.
#[derive(Default)]
pub(crate) struct Doors {
    /// Methods that accept anybody, as in `GET /orders`.
    pub(crate) open: Vec<String>,
    /// What else an operator should know.
    pub(crate) warnings: Vec<String>,
}

impl AwsApiGateway {
    pub(crate) async fn plans(&self, link: &Link) -> Result<BTreeMap<String, Plan>, Fault> {
        let plans: Vec<Plan> = self
            .caller
            .all(link, || Ask::get("plan.list", "/usageplans"), PLANS_MAX)
            .await?;
        Ok(plans.into_iter().map(|plan| (plan.id.clone(), plan)).collect())
    }

    pub(crate) async fn apis(&self, link: &Link) -> Result<BTreeMap<String, Api>, Fault> {
        let apis: Vec<Api> = self
            .caller
            .all(link, || Ask::get("api.list", "/restapis"), APIS_MAX)
            .await?;
        Ok(apis.into_iter().map(|api| (api.id.clone(), api)).collect())
    }

    pub(crate) async fn stages(&self, link: &Link, api_id: &str) -> Result<Option<Vec<Stage>>, Fault> {
        let ask = Ask::get("stage.list", format!("/restapis/{}/stages", segment(api_id)));
        let stages: Option<Stages> = self.caller.find(link, ask).await?;
        Ok(stages.map(|stages| stages.item))
    }

    /// What a stage asks of its callers.
    pub(crate) async fn doors(&self, link: &Link, api: &Api, stage: &Stage) -> Result<Doors, Fault> {
        let mut doors = Doors::default();
        let place = format!("{}/{}", api.name(), stage.stage_name);
        if api.api_key_source.as_deref() == Some("AUTHORIZER") {
            let words = format!("{place}: takes keys from an authorizer's answer and not from the X-API-Key field");
            doors.warnings.push(words);
        }
        let methods = match &stage.deployment_id {
            Some(id) => {
                let path = format!("/restapis/{}/deployments/{}", segment(&api.id), segment(id));
                let ask = Ask::get("deployment.get", path).with("embed", "apisummary");
                let deployment: Option<Deployment> = self.caller.find(link, ask).await?;
                deployment.and_then(|deployment| deployment.api_summary)
            }
            None => None,
        };
        let Some(methods) = methods else {
            doors
                .warnings
                .push(format!("{place}: AWS does not tell which of its methods ask for a key"));
            return Ok(doors);
        };
        let mut preflights = 0;
        for (path, verb, method) in methods
            .iter()
            .flat_map(|(path, verbs)| verbs.iter().map(move |(verb, method)| (path, verb, method)))
        {
            let authorization = method.authorization_type.as_deref().unwrap_or("NONE");
            match (method.api_key_required, authorization) {
                (true, _) => {}
                (false, "NONE") if verb == PREFLIGHT => preflights += 1,
                (false, "NONE") => doors.open.push(format!("{place} {verb} {path}")),
                (false, other) => {
                    let words = format!("{place} {verb} {path}: asks for {other} and for no key, so no plan limits it");
                    doors.warnings.push(words);
                }
            }
        }
        if preflights > 0 {
            let words =
                format!("{place}: {preflights} OPTIONS methods ask for no key, as browsers' preflight requests want");
            doors.warnings.push(words);
        }
        Ok(doors)
    }
}
