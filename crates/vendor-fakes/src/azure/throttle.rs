//! Azure Resource Manager's throttling: a bucket of tokens for each kind of call, refilled all the time.
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>: for each Azure
//! subscription and principal 250 reads with 25 more a second, 200 writes and 200 deletes with 10 more a second.

use http::{Method, StatusCode};
use serde::Serialize;

use super::error;
use crate::wire::Response;

/// One kind of call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Most calls at once.
    pub size: u32,
    /// Calls that come back in a second.
    pub per_second: u32,
    /// Calls that were made although none was left.
    pub exceeded: u64,
    /// The farthest below none that it was.
    pub deepest: u64,
    #[serde(skip)]
    left: f64,
    #[serde(skip)]
    at_ms: i64,
}

impl Bucket {
    const fn new(size: u32, per_second: u32) -> Self {
        Self {
            size,
            per_second,
            exceeded: 0,
            deepest: 0,
            left: size as f64,
            at_ms: 0,
        }
    }

    /// Whether a call may be made now; counts it when it may not.
    fn take(&mut self, now_ms: i64) -> bool {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of one test run fit a double exactly"
        )]
        let passed = now_ms.saturating_sub(self.at_ms).max(0) as f64 / 1000.0;
        self.left = (self.left + passed * f64::from(self.per_second)).min(f64::from(self.size));
        self.at_ms = now_ms;
        self.left -= 1.0;
        if self.left >= 0.0 {
            return true;
        }
        self.exceeded += 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a small whole number below none"
        )]
        let below = (-self.left).ceil() as u64;
        self.deepest = self.deepest.max(below);
        false
    }
}

/// The buckets of one caller.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    /// GET and HEAD.
    pub reads: Bucket,
    /// PUT, PATCH and POST.
    pub writes: Bucket,
    /// DELETE.
    pub deletes: Bucket,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            reads: Bucket::new(250, 25),
            writes: Bucket::new(200, 10),
            deletes: Bucket::new(200, 10),
        }
    }
}

impl Throttle {
    /// Whether a call may be made now, and how many of its kind are left.
    pub(super) fn take(&mut self, method: &Method, now_ms: i64) -> (bool, &'static str, u64) {
        let (bucket, field) = match *method {
            Method::GET | Method::HEAD => (&mut self.reads, "x-ms-ratelimit-remaining-subscription-reads"),
            Method::DELETE => (&mut self.deletes, "x-ms-ratelimit-remaining-subscription-deletes"),
            _ => (&mut self.writes, "x-ms-ratelimit-remaining-subscription-writes"),
        };
        let may = bucket.take(now_ms);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most a bucket's size, and never below none"
        )]
        let left = bucket.left.max(0.0) as u64;
        if !may && bucket.left < 0.0 {
            // What is refused takes nothing; what is only counted does not run away either.
            bucket.left = bucket.left.max(-f64::from(bucket.size));
        }
        (may, field, left)
    }

    /// Gives a call back that was refused.
    pub(super) fn give_back(&mut self, method: &Method) {
        let bucket = match *method {
            Method::GET | Method::HEAD => &mut self.reads,
            Method::DELETE => &mut self.deletes,
            _ => &mut self.writes,
        };
        bucket.left += 1.0;
    }
}

/// 429, in Azure's words.
pub(super) fn refusal() -> Response {
    let message = "Number of requests exceeded the limit. Please try again later.";
    error::answer(StatusCode::TOO_MANY_REQUESTS, "SubscriptionRequestsThrottled", message)
}
