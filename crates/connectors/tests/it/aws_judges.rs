//! Judges that are not ours: botocore recomputes every signature; moto plays the management API, and ministack the stages.
//!
//! What moto and ministack do otherwise than AWS is neither asked nor blessed: a second membership (201 and not 409), a plan
//! that is not there, pages, limits; ministack takes a value twice, ignores `enabled` and does not look for a key's plans.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use gatewright_connectors::aws::{AwsApiGateway, Settings};
use gatewright_connectors::model::OfferedKind;
use gatewright_connectors::{Application, Connector, Link, Step};
use gatewright_egress::{Client, Options as Egress, Request};
use http::Method;
use http::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use vendor_fakes::aws::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use crate::aws_shop::{KEY, SECOND_KEY, Shop, assume_role, credentials, drop_key, generated, key, scope, settings};
use crate::papers;
use crate::stand::{application, link, this_machine};

/// Until a program has printed where it is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Python program that says where it is in one line of JSON and ends when we do.
struct Judge {
    told: Value,
    _child: Child,
}

impl Judge {
    /// None, said aloud, where the packages are not installed.
    async fn start(environment: &str, stamp: &str, program: &str, arguments: &[&str]) -> Option<Self> {
        let folder: PathBuf = papers::project().join("target").join(environment);
        if !folder.join(stamp).exists() {
            papers::skipped(&format!("{stamp} is missing; scripts/ensure-aws-judges.sh installs it"));
            return None;
        }
        let mut child = Command::new(folder.join("bin/python3"))
            .args(["-c", program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .expect("it is ready in time");
        let told = serde_json::from_str(&line.unwrap().expect("it says where it is")).unwrap();
        Some(Self { told, _child: child })
    }

    fn text(&self, name: &str, place: usize) -> String {
        let value = &self.told[name];
        value.as_str().or_else(|| value[place].as_str()).unwrap().to_owned()
    }
}

async fn get(url: &str, key: &str) -> u16 {
    let field = HeaderName::from_static("x-api-key");
    let request = Request::get(url).field(field, HeaderValue::from_str(key).unwrap());
    let answer = Client::new(Egress::default())
        .send(request, &this_machine())
        .await
        .unwrap();
    answer.status.as_u16()
}

#[tokio::test]
async fn botocore_computes_the_same_signature_of_every_call() {
    let shop = Shop::with_role(Duration::from_secs(3600)).await;
    let server = shop.fake.admin_url().replace("http://", "");
    let program = include_str!("aws_judges/signatures.py");
    let arguments = [&server[..], ACCESS_KEY_ID, SECRET_ACCESS_KEY];
    let Some(judge) = Judge::start("python-aws", "boto3-1.44.5-moto-5.2.5", program, &arguments).await else {
        return;
    };
    let url = judge.text("url", 0);
    for as_role in [false, true] {
        let settings = Settings {
            assume_role: as_role.then(assume_role),
            ..settings(&url)
        };
        let aws = AwsApiGateway::new(&settings, &credentials()).unwrap();
        everything(&aws, &shop).await;
    }
    let answer = Client::new(Egress::default())
        .send(Request::get(format!("{url}/__verified")), &this_machine())
        .await
        .unwrap();
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["wrong"], serde_json::json!([]), "{told:#}");
    let kinds: Vec<&String> = told["right"].as_object().unwrap().keys().collect();
    for kind in [
        "POST /",
        "GET /account",
        "GET /apikeys",
        "GET /apikeys/*",
        "POST /apikeys",
        "PATCH /apikeys/*",
        "DELETE /apikeys/*",
        "GET /usageplans",
        "POST /usageplans/*/keys",
        "GET /usageplans/*/keys/*",
        "DELETE /usageplans/*/keys/*",
        "GET /restapis",
        "GET /restapis/*/stages",
        "GET /restapis/*/deployments/*",
        "PUT /tags/*",
        "GET /usageplans/*/keys",
    ] {
        assert!(kinds.iter().any(|one| *one == kind), "no {kind} among {kinds:?}");
    }
}

/// Makes every kind of call there is.
async fn everything(aws: &AwsApiGateway, shop: &Shop) {
    let report = aws.verify(&shop.link).await.unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    aws.discover(&shop.link, None).await.unwrap();
    aws.judge(&shop.link, &["plan01".to_owned()]).await.unwrap();
    aws.adoptable(&shop.link, None).await.unwrap();
    let apply = async |step: &Step| {
        let observed = aws.observe(&shop.link, &shop.ours).await.unwrap();
        aws.apply(&shop.link, &shop.ours, step, &observed).await.unwrap();
        observed
    };
    apply(&key(1, KEY, &["plan01"])).await;
    apply(&generated(2, &["plan01", "plan02"])).await;
    apply(&key(1, KEY, &["plan02"])).await;
    apply(&Step::Suspend).await;
    apply(&Step::Reactivate(scope(&["plan02"]))).await;
    // Its tags are gone, and its membership is not seen.
    let id = aws.observe(&shop.link, &shop.ours).await.unwrap().credentials[0]
        .remote_id
        .clone();
    let arn = format!("/tags/arn%3Aaws%3Aapigateway%3Aeu-central-1%3A%3A%2Fapikeys%2F{id}?tagKeys=gwr");
    shop.by_hand(Method::DELETE, &arn, Value::Null).await;
    apply(&key(1, KEY, &["plan02"])).await;
    let mut observed = aws.observe(&shop.link, &shop.ours).await.unwrap();
    aws.read_secret(&shop.link, &shop.ours, &observed.credentials[0])
        .await
        .unwrap();
    observed.credentials[0].scope.clear();
    aws.apply(&shop.link, &shop.ours, &key(1, KEY, &["plan02"]), &observed)
        .await
        .unwrap();
    for number in 3..8 {
        apply(&key(number, &format!("sk_live_theCustomersSecret000{number}"), &[])).await;
    }
    aws.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    apply(&drop_key(1)).await;
    apply(&Step::DropApplication).await;
}

#[tokio::test]
async fn moto_keeps_what_we_make() {
    let program = include_str!("aws_judges/moto.py");
    let Some(judge) = Judge::start("python-aws", "boto3-1.44.5-moto-5.2.5", program, &[]).await else {
        return;
    };
    let aws = AwsApiGateway::new(&settings(&judge.text("url", 0)), &credentials()).unwrap();
    let (orders, payments) = (judge.text("plans", 0), judge.text("plans", 1));
    let (link, _) = link(Duration::from_secs(10));
    let ours = application(1);
    let offers = aws.discover(&link, None).await.unwrap().items;
    let plan = offers
        .iter()
        .find(|one| one.kind == OfferedKind::Product && one.remote_id == orders)
        .unwrap();
    assert_eq!(plan.detail, ["stage orders/prod", "5 calls a second, bursts of 10"]);

    let life = Life {
        aws: &aws,
        link: &link,
        ours: &ours,
    };
    life.apply(&key(1, KEY, &[])).await;
    let observed = aws.observe(&link, &ours).await.unwrap();
    assert!(observed.exists && observed.suspended && observed.credentials[0].disabled);
    life.apply(&key(1, KEY, &[&orders])).await;
    life.sees(&[(1, false, &[&orders])]).await;
    // Again, by one that did not look: moto says 409 as AWS does.
    let nothing = Default::default();
    aws.apply(&link, &ours, &key(1, KEY, &[&orders]), &nothing)
        .await
        .unwrap();
    life.sees(&[(1, false, &[&orders])]).await;
    let made = life.apply(&generated(2, &[&orders])).await.generated.unwrap();
    life.sees(&[(1, false, &[&orders]), (2, false, &[&orders])]).await;
    let observed = aws.observe(&link, &ours).await.unwrap();
    let read = aws
        .read_secret(&link, &ours, &observed.credentials[1])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.expose_secret(), made.expose_secret());
    life.apply(&key(1, KEY, &[&payments])).await;
    life.sees(&[(1, false, &[&payments]), (2, false, &[&orders])]).await;
    life.apply(&Step::Suspend).await;
    life.sees(&[(1, true, &[&payments]), (2, true, &[&orders])]).await;
    life.apply(&Step::Reactivate(scope(&[&orders, &payments]))).await;
    life.sees(&[(1, false, &[&payments]), (2, false, &[&orders])]).await;
    let scanned = aws.scan(&link, ours.connection_id, None).await.unwrap();
    assert_eq!(scanned.items[0].observed, aws.observe(&link, &ours).await.unwrap());
    life.apply(&drop_key(1)).await;
    life.sees(&[(2, false, &[&orders])]).await;
    life.apply(&Step::DropApplication).await;
    assert!(!aws.observe(&link, &ours).await.unwrap().exists);
}

#[tokio::test]
async fn ministacks_stages_admit_our_keys_by_their_plans() {
    let folder = tempfile::tempdir().unwrap();
    let program = include_str!("aws_judges/ministack.py");
    let arguments = [folder.path().to_str().unwrap()];
    let Some(judge) = Judge::start("python-ministack", "ministack-1.5.33", program, &arguments).await else {
        return;
    };
    let aws = AwsApiGateway::new(&settings(&judge.text("url", 0)), &credentials()).unwrap();
    let (orders, payments) = (judge.text("plans", 0), judge.text("plans", 1));
    let (link, _) = link(Duration::from_secs(10));
    let ours = application(1);
    let doors = async |key: &str| {
        [
            get(&judge.text("doors", 0), key).await,
            get(&judge.text("doors", 1), key).await,
        ]
    };
    assert_eq!(doors(KEY).await, [403, 403]);
    let mut given: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for (step, first, second) in [
        (key(1, KEY, &[&orders]), [200, 403], [403, 403]),
        (key(2, SECOND_KEY, &[&orders, &payments]), [200, 403], [200, 200]),
        (key(1, KEY, &[&payments]), [403, 200], [200, 200]),
        (key(2, SECOND_KEY, &[&orders]), [403, 200], [200, 403]),
        (drop_key(1), [403, 403], [200, 403]),
        (Step::DropApplication, [403, 403], [403, 403]),
    ] {
        // It answers every plan to the question for a key's; what was given is known here.
        let mut observed = aws.observe(&link, &ours).await.unwrap();
        for one in &mut observed.credentials {
            one.scope = given[&one.number.unwrap()].clone();
        }
        let done = aws.apply(&link, &ours, &step, &observed).await;
        done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
        if let Step::Credential { number, scope, .. } = &step {
            given.insert(*number, scope.clone());
        }
        assert_eq!(doors(KEY).await, first, "{}", step.operation());
        assert_eq!(doors(SECOND_KEY).await, second, "{}", step.operation());
    }
    let judged = aws.judge(&link, &[orders]).await.unwrap();
    assert!(judged.refusals.is_empty() && judged.open.is_empty(), "{judged:?}");
}

/// An application on somebody else's server.
struct Life<'a> {
    aws: &'a AwsApiGateway,
    link: &'a Link,
    ours: &'a Application,
}

impl Life<'_> {
    async fn apply(&self, step: &Step) -> gatewright_connectors::model::Applied {
        let observed = self.aws.observe(self.link, self.ours).await.unwrap();
        let done = self.aws.apply(self.link, self.ours, step, &observed).await;
        done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()))
    }

    /// Numbers, whether they are disabled, and their plans.
    async fn sees(&self, expected: &[(u32, bool, &[&str])]) {
        let observed = self.aws.observe(self.link, self.ours).await.unwrap();
        let found: Vec<_> = observed
            .credentials
            .iter()
            .map(|one| (one.number.unwrap(), one.disabled, one.scope.clone()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(number, disabled, plans)| (*number, *disabled, scope(plans)))
            .collect();
        assert_eq!(found, expected);
    }
}
