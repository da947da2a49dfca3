//! What can be listened to: `domain.object.verb`, as the outbox names it.

/// Every type of event, in order. Whoever adds one to a use case adds it here; a test that walks our API holds them together.
pub const EVENT_TYPES: &[&str] = &[
    "audit.audit.exported",
    "catalog.branding.changed",
    "catalog.customer.changed",
    "catalog.customer.created",
    "catalog.customer.deleted",
    "catalog.customer.reactivated",
    "catalog.customer.suspended",
    "catalog.plan.changed",
    "catalog.plan.created",
    "catalog.plan.version_added",
    "catalog.product.changed",
    "catalog.product.contract_changed",
    "catalog.product.created",
    "catalog.subscription.activated",
    "catalog.subscription.cancelled",
    "catalog.subscription.created",
    "catalog.subscription.expired",
    "catalog.subscription.expiring",
    "catalog.subscription.past_due",
    "catalog.subscription.paused",
    "catalog.subscription.suspended",
    "catalog.subscription.trialing",
    "catalog.tenant.created",
    "credentials.key.changed",
    "credentials.key.created",
    "credentials.key.leaked",
    "credentials.key.reactivated",
    "credentials.key.revoked",
    "credentials.key.rotated",
    "credentials.key.secret_withdrawn",
    "credentials.key.suspended",
    "credentials.leaks.reported",
    "credentials.settings.changed",
    "identity.developer.changed",
    "identity.developer.created",
    "identity.developer.deleted",
    "identity.identity_provider.changed",
    "identity.identity_provider.created",
    "identity.identity_provider.deleted",
    "identity.invitation.accepted",
    "identity.invitation.created",
    "identity.invitation.withdrawn",
    "identity.operator.changed",
    "identity.operator.created",
    "identity.operator.deleted",
    "identity.passkey.asked_for",
    "identity.passkey.changed",
    "identity.passkey.created",
    "identity.passkey.deleted",
    "identity.people_settings.changed",
    "identity.person.changed",
    "identity.person.created",
    "identity.person.deleted",
    "identity.person.email_change_asked",
    "identity.person.email_proven",
    "identity.person.exported",
    "identity.person.identity_linked",
    "identity.person.identity_unlinked",
    "identity.person.password_changed",
    "identity.provider_sign_in.created",
    "identity.recovery_code.used",
    "identity.recovery_codes.deleted",
    "identity.recovery_codes.replaced",
    "identity.session.created",
    "identity.session.handed_over",
    "identity.session.reauthenticated",
    "identity.session.revoked",
    "identity.sign_up.created",
    "identity.token.created",
    "identity.token.revoked",
    "identity.totp.confirmed",
    "identity.totp.created",
    "identity.totp.deleted",
    "jobs.job.cancelled",
    "jobs.job.replayed",
    "native.consumer.created",
    "native.consumer.deleted",
    "native.gateway.changed",
    "native.gateway.created",
    "native.gateway.deleted",
    "native.route.changed",
    "native.route.created",
    "native.route.deleted",
    "native.service.changed",
    "native.service.created",
    "native.service.deleted",
    "notify.outgoing_destinations.changed",
    "notify.webhook_delivery.replayed",
    "notify.webhook_endpoint.changed",
    "notify.webhook_endpoint.created",
    "notify.webhook_endpoint.deleted",
    "notify.webhook_endpoint.disabled",
    "notify.webhook_endpoint.replayed",
    "notify.webhook_endpoint.secret_rotated",
    "notify.webhook_endpoint.tested",
    "orchestration.attempts.exported",
    "orchestration.breaker.closed",
    "orchestration.breaker.opened",
    "orchestration.connection.changed",
    "orchestration.connection.created",
    "orchestration.connection.deleted",
    "orchestration.connection.disabled",
    "orchestration.connection.disconnecting",
    "orchestration.connection.enabled",
    "orchestration.connection.verified",
    "orchestration.consumer.adopted",
    "orchestration.dead_letters.replayed",
    "orchestration.mapping.changed",
    "orchestration.mapping.created",
    "orchestration.mapping.deleted",
    "orchestration.offers.imported",
    "orchestration.run.applied",
    "orchestration.run.created",
    "orchestration.secret.revealed",
    "orchestration.subscription.drifted",
    "orchestration.subscription.provisioned",
    "orchestration.subscription.provisioning_failed",
    "orchestration.subscription.removed",
    "orchestration.subscription.suspended",
    "portal.api_spec.changed",
    "portal.api_spec.created",
    "portal.api_spec.deleted",
    "portal.api_spec.import_asked",
    "portal.api_spec.published",
    "portal.api_spec.rejected",
    "portal.api_spec.rolled_back",
    "portal.api_spec.sync_asked",
    "portal.api_spec.sync_failed",
    "portal.api_spec.sync_secret_made",
    "portal.playground_run.created",
    "portal.playground_runs.deleted",
];

/// The type of the event that `POST …/test` sends.
pub const TEST_EVENT_TYPE: &str = "notify.webhook_endpoint.tested";

/// Whether a filter names a type, or all types of a domain that has some.
pub fn is_filter(filter: &str) -> bool {
    match filter.strip_suffix(".*") {
        Some(domain) => EVENT_TYPES.iter().any(|known| known.split('.').next() == Some(domain)),
        None => EVENT_TYPES.contains(&filter),
    }
}

/// Whether somebody with these filters wants an event.
pub(crate) fn is_wanted(filters: &[String], event_type: &str) -> bool {
    filters.is_empty()
        || filters.iter().any(|filter| match filter.strip_suffix('*') {
            Some(domain) => event_type.starts_with(domain),
            None => filter == event_type,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_name_what_exists() {
        assert!(EVENT_TYPES.is_sorted(), "so that a new one finds its place");
        assert!(is_filter("catalog.product.created") && is_filter("catalog.*"));
        for wrong in [
            "",
            "*",
            "catalog",
            "catalog.",
            "catalogue.*",
            "catalog.product.*",
            "catalog.product.made",
            ".*",
        ] {
            assert!(!is_filter(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_domain_is_not_the_beginning_of_another() {
        let wants = |filter: &str, event: &str| is_wanted(&[filter.to_owned()], event);
        assert!(wants("catalog.*", "catalog.product.created"));
        assert!(!wants("catalog.*", "catalogs.product.created"));
        assert!(!wants("catalog.product.created", "catalog.product.created_again"));
        assert!(is_wanted(&[], "anything"));
    }
}
