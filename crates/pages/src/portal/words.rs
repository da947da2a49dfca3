//! Prices, allowances and states as people say them.

use maud::{Markup, html};

use super::model::{Money, Plan, Quota, RateLimit};

/// `€49`, `$0.50`, `49 CHF`.
pub(crate) fn money(money: &Money) -> String {
    let (whole, part) = money.amount.split_once('.').unwrap_or((&money.amount, ""));
    let part = match part.trim_end_matches('0') {
        "" => String::new(),
        // Of a price people read at least two digits behind the point.
        digits => format!(".{digits:0<2}"),
    };
    let amount = format!("{}{part}", grouped(whole));
    match money.currency.as_str() {
        "EUR" => format!("€{amount}"),
        "USD" => format!("${amount}"),
        "GBP" => format!("£{amount}"),
        other => format!("{amount} {other}"),
    }
}

/// Whether it costs nothing.
pub(crate) fn is_free(money: &Money) -> bool {
    money.amount.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// A plan's price, large.
pub(crate) fn price(plan: &Plan) -> Markup {
    html! {
        p.price {
            @if is_free(&plan.price) { strong { "Free" } } @else {
                strong { (money(&plan.price)) } " per " (period(&plan.billing_period))
            }
        }
    }
}

/// A plan's price within a sentence.
pub(crate) fn price_words(plan: &Plan) -> String {
    if is_free(&plan.price) {
        return "Free".to_owned();
    }
    format!("{} per {}", money(&plan.price), period(&plan.billing_period))
}

fn period(constant: &str) -> String {
    constant.to_lowercase()
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn number(number: u64) -> String {
    grouped(&number.to_string())
}

/// `100,000 requests a month`
pub(crate) fn quota(quota: &Quota) -> String {
    let meter = quota.meter.replace('_', " ");
    format!("{} {meter} a {}", number(quota.limit), period(&quota.period))
}

/// `50 requests per second`
pub(crate) fn rate(limit: &RateLimit) -> String {
    let window = match limit.window_seconds {
        1 => "second".to_owned(),
        60 => "minute".to_owned(),
        3600 => "hour".to_owned(),
        86_400 => "day".to_owned(),
        seconds => format!("{seconds} seconds"),
    };
    let noun = if limit.requests == 1 { "request" } else { "requests" };
    format!("{} {noun} per {window}", number(limit.requests))
}

/// Everything that a plan includes, a line each.
pub(crate) fn includes(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<String> = plan.quotas.iter().map(quota).collect();
    lines.extend(plan.rate_limits.iter().map(rate));
    if plan.trial_days > 0 {
        lines.push(format!("The first {} days are free", plan.trial_days));
    }
    lines
}

/// The first sentence of a description.
pub(crate) fn first_sentence(text: &str) -> &str {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match line.find(". ") {
        Some(end) => &line[..=end],
        None => line,
    }
}

/// Where a subscription stands, and what that means.
pub(crate) fn subscription(state: &str) -> (&'static str, &'static str, &'static str) {
    match state {
        "CREATED" => (
            "warn",
            "Being set up",
            "Its gateways are being told. Its keys work when they all know.",
        ),
        "TRIALING" => ("good", "On trial", "Its keys work."),
        "ACTIVE" => ("good", "Active", "Its keys work."),
        "PAST_DUE" => ("warn", "Payment due", "Its keys work for now: pay the open invoice."),
        "PAUSED" => ("warn", "Paused", "Its keys are refused until it goes on."),
        "SUSPENDED" => ("bad", "Suspended", "Its keys are refused. Ask whoever sells this API."),
        "EXPIRING" => ("warn", "Ending", "Its keys work until its end."),
        "EXPIRED" => ("", "Ended", "It ran out. Its keys are revoked."),
        "CANCELLED" => ("", "Cancelled", "Its keys are revoked."),
        _ => ("", "Unknown", ""),
    }
}

/// Where a key stands on a gateway, and what that means.
pub(crate) fn on_gateway(state: &str) -> (&'static str, &'static str, &'static str) {
    match state {
        "ACTIVE" => ("good", "Works", ""),
        "PENDING" | "PREPARING" => ("warn", "Being set up", "It is being told; this takes a moment."),
        "SUSPENDED" => ("bad", "Refused", "The key or its subscription is suspended."),
        "REMOVED" => ("", "Removed", ""),
        "UNREACHABLE" => (
            "warn",
            "Not reached",
            "The gateway does not answer. It is tried again until it does.",
        ),
        "FAILED" => ("bad", "Failed", "The gateway refuses. Whoever runs it has to look."),
        "DRIFTED" => ("warn", "Changed there", "Somebody changed it on the gateway itself."),
        "NEEDS_ROTATION" => (
            "bad",
            "Needs a new secret",
            "Rotate the key, and this gateway gets it too.",
        ),
        _ => ("", "Unknown", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_allowances_are_said_as_people_say_them() {
        let of = |amount: &str, currency: &str| Money {
            amount: amount.to_owned(),
            currency: currency.to_owned(),
        };
        assert_eq!(money(&of("49.00", "EUR")), "€49");
        assert_eq!(money(&of("0.5", "USD")), "$0.50");
        assert_eq!(money(&of("1234567.895", "CHF")), "1,234,567.895 CHF");
        assert!(is_free(&of("0.00", "EUR")) && is_free(&of("0", "EUR")) && !is_free(&of("0.01", "EUR")));
        let limit = |requests, window_seconds| RateLimit {
            requests,
            window_seconds,
        };
        assert_eq!(rate(&limit(50, 1)), "50 requests per second");
        assert_eq!(rate(&limit(1, 10)), "1 request per 10 seconds");
        let quota = Quota {
            meter: "requests".to_owned(),
            limit: 10_000_000,
            period: "MONTH".to_owned(),
        };
        assert_eq!(super::quota(&quota), "10,000,000 requests a month");
        assert_eq!(first_sentence("\n\nOne. Two."), "One.");
        assert_eq!(first_sentence("Version 2.0 of it"), "Version 2.0 of it");
    }
}
