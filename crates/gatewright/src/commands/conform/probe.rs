//! What the proxy says to a key.

use std::time::{Duration, Instant};

use gatewright_egress::{Client, Options, Overflow, Policy, Request};
use http::{HeaderName, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::trial::Stop;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest part of an answer that is read; only its status counts.
const BODY_MAX_BYTES: usize = 4096;
/// How often is asked while a change has not arrived.
const EVERY: Duration = Duration::from_millis(200);
/// Beyond the gateway's own time, for the calls themselves.
const GRACE: Duration = Duration::from_secs(2);

/// Something behind the proxy.
pub(super) struct Probe {
    url: String,
    field: HeaderName,
    client: Client,
    policy: Policy,
}

/// What the proxy did with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It let it through, whatever became of it then.
    Admitted(StatusCode),
    /// 401 or 403; or 400 in Apigee's words for a key without a product.
    Refused(StatusCode),
}

fn is_without_product(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("consumer_key_missing_api_product_association")
}

impl Probe {
    pub(super) fn new(url: String, field: HeaderName, policy: Policy) -> Self {
        Self {
            url,
            field,
            client: Client::new(Options::default()),
            policy,
        }
    }

    async fn ask(&self, key: Option<&SecretString>) -> Result<Asked, String> {
        let mut request = Request::get(self.url.clone())
            .max_redirects(0)
            .max_body_bytes(BODY_MAX_BYTES, Overflow::Cut)
            .total_timeout(TIMEOUT);
        if let Some(key) = key {
            let value = HeaderValue::from_str(key.expose_secret()).map_err(|_| "the key fits no header field")?;
            request = request.secret_field(self.field.clone(), value);
        }
        let answer = self.client.send(request, &self.policy).await;
        let answer = answer.map_err(|error| format!("the proxy: {error}"))?;
        Ok(match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Asked::Refused(answer.status),
            status @ StatusCode::BAD_REQUEST if is_without_product(&answer.body) => Asked::Refused(status),
            status => Asked::Admitted(status),
        })
    }

    /// Asks until the proxy does as it should, as long as the gateway may take for a change; how long it took.
    pub(super) async fn until(
        &self,
        key: Option<&SecretString>,
        admitted: bool,
        propagation: Duration,
        stop: &Stop,
    ) -> Result<Duration, String> {
        let begun = Instant::now();
        loop {
            let asked = self.ask(key).await;
            if let Ok(asked) = asked
                && matches!(asked, Asked::Admitted(_)) == admitted
            {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > propagation + GRACE || stop.is_told() {
                return Err(match asked {
                    Ok(Asked::Admitted(status)) => format!("it was admitted ({status})"),
                    Ok(Asked::Refused(status)) => format!("it was refused ({status})"),
                    Err(error) => error,
                });
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
