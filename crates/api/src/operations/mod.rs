//! Every operation, a file each, and the one list of them.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ApiState;

mod account;
mod audit;
mod connections;
mod consumers;
mod credential_settings;
mod customers;
mod developers;
mod docs;
mod gateways;
mod identity_providers;
mod invitations;
mod jobs;
mod keys;
mod nodes;
mod operators;
mod outgoing_destinations;
mod password_resets;
mod people_settings;
mod plans;
mod playground;
mod portal;
mod products;
mod provisioning;
mod routes;
mod secret_scanning;
mod services;
mod sessions;
mod sign_ups;
mod subscriptions;
mod tenants;
mod webhooks;

/// Every operation of the API, with its entry in the OpenAPI document.
pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(
            tenants::create_tenant::create_tenant,
            tenants::list_tenants::list_tenants
        ))
        .routes(routes!(tenants::get_tenant::get_tenant))
        .routes(routes!(nodes::list_nodes::list_nodes))
        .routes(routes!(nodes::create_enrollment_code::create_enrollment_code))
        .routes(routes!(nodes::drain_node::drain_node))
        .routes(routes!(nodes::revoke_node::revoke_node))
        .routes(routes!(
            operators::create_operator::create_operator,
            operators::list_operators::list_operators
        ))
        .routes(routes!(
            operators::get_operator::get_operator,
            operators::change_operator::change_operator,
            operators::delete_operator::delete_operator
        ))
        .routes(routes!(
            operators::create_token::create_token,
            operators::list_tokens::list_tokens
        ))
        .routes(routes!(operators::delete_token::delete_token))
        .routes(routes!(sign_ups::get_sign_in_options::get_sign_in_options))
        .routes(routes!(sign_ups::create_sign_up::create_sign_up))
        .routes(routes!(sign_ups::verify_sign_up::verify_sign_up))
        .routes(routes!(sessions::create_session::create_session))
        .routes(routes!(sessions::complete_second_factor::complete_second_factor))
        .routes(routes!(sessions::begin_passkey_sign_in::begin_passkey_sign_in))
        .routes(routes!(sessions::sign_in_with_passkey::sign_in_with_passkey))
        .routes(routes!(sessions::refresh_session::refresh_session))
        .routes(routes!(sessions::sign_in_by_hand_over::sign_in_by_hand_over))
        .routes(routes!(sessions::sign_out::sign_out))
        .routes(routes!(
            identity_providers::begin_provider_sign_in::begin_provider_sign_in
        ))
        .routes(routes!(
            identity_providers::complete_provider_sign_in::complete_provider_sign_in
        ))
        .routes(routes!(password_resets::create_password_reset::create_password_reset))
        .routes(routes!(
            password_resets::complete_password_reset::complete_password_reset
        ))
        .routes(routes!(invitations::look_up_invitation::look_up_invitation))
        .routes(routes!(invitations::begin_invitation_passkey::begin_invitation_passkey))
        .routes(routes!(invitations::accept_invitation::accept_invitation))
        .routes(routes!(
            account::get_account::get_account,
            account::change_account::change_account,
            account::delete_account::delete_account
        ))
        .routes(routes!(account::export_account::export_account))
        .routes(routes!(account::change_password::change_password))
        .routes(routes!(account::create_email_change::create_email_change))
        .routes(routes!(account::confirm_email_change::confirm_email_change))
        .routes(routes!(account::list_sessions::list_sessions))
        .routes(routes!(account::revoke_session::revoke_session))
        .routes(routes!(account::sign_out_everywhere::sign_out_everywhere))
        .routes(routes!(account::reauthenticate::reauthenticate))
        .routes(routes!(
            account::begin_reauthentication_passkey::begin_reauthentication_passkey
        ))
        .routes(routes!(
            account::create_totp::create_totp,
            account::delete_totp::delete_totp
        ))
        .routes(routes!(account::confirm_totp::confirm_totp))
        .routes(routes!(account::replace_recovery_codes::replace_recovery_codes))
        .routes(routes!(account::begin_passkey_registration::begin_passkey_registration))
        .routes(routes!(
            account::add_passkey::add_passkey,
            account::list_passkeys::list_passkeys
        ))
        .routes(routes!(
            account::rename_passkey::rename_passkey,
            account::delete_passkey::delete_passkey
        ))
        .routes(routes!(account::list_own_tenants::list_own_tenants))
        .routes(routes!(identity_providers::list_identities::list_identities))
        .routes(routes!(identity_providers::link_identity::link_identity))
        .routes(routes!(identity_providers::unlink_identity::unlink_identity))
        .routes(routes!(account::hand_over::hand_over))
        .routes(routes!(
            portal::get_own_customer::get_own_customer,
            portal::change_own_customer::change_own_customer
        ))
        .routes(routes!(portal::list_colleagues::list_colleagues))
        .routes(routes!(
            portal::change_colleague::change_colleague,
            portal::remove_colleague::remove_colleague
        ))
        .routes(routes!(
            portal::invite_colleague::invite_colleague,
            portal::list_colleague_invitations::list_colleague_invitations
        ))
        .routes(routes!(
            portal::withdraw_colleague_invitation::withdraw_colleague_invitation
        ))
        .routes(routes!(portal::list_portal_plans::list_portal_plans))
        .routes(routes!(portal::list_portal_products::list_portal_products))
        .routes(routes!(
            portal::create_own_subscription::create_own_subscription,
            portal::list_own_subscriptions::list_own_subscriptions
        ))
        .routes(routes!(portal::get_own_subscription::get_own_subscription))
        .routes(routes!(portal::cancel_own_subscription::cancel_own_subscription))
        .routes(routes!(portal::add_own_key::add_own_key))
        .routes(routes!(portal::list_own_keys::list_own_keys))
        .routes(routes!(portal::get_own_key_use::get_own_key_use))
        .routes(routes!(
            portal::get_own_key::get_own_key,
            portal::change_own_key::change_own_key
        ))
        .routes(routes!(portal::rotate_own_key::rotate_own_key))
        .routes(routes!(portal::suspend_own_key::suspend_own_key))
        .routes(routes!(portal::reactivate_own_key::reactivate_own_key))
        .routes(routes!(portal::revoke_own_key::revoke_own_key))
        .routes(routes!(portal::list_own_key_gateways::list_own_key_gateways))
        .routes(routes!(portal::reveal_own_gateway_secret::reveal_own_gateway_secret))
        .routes(routes!(
            portal::get_branding::get_branding,
            portal::put_branding::put_branding
        ))
        .routes(routes!(
            portal::get_logo::get_logo,
            portal::put_logo::put_logo,
            portal::delete_logo::delete_logo
        ))
        .routes(routes!(developers::list_developers::list_developers))
        .routes(routes!(
            developers::get_developer::get_developer,
            developers::change_developer::change_developer,
            developers::delete_developer::delete_developer
        ))
        .routes(routes!(
            people_settings::get_people_settings::get_people_settings,
            people_settings::put_people_settings::put_people_settings
        ))
        .routes(routes!(
            identity_providers::create_identity_provider::create_identity_provider,
            identity_providers::list_identity_providers::list_identity_providers
        ))
        .routes(routes!(
            identity_providers::get_identity_provider::get_identity_provider,
            identity_providers::change_identity_provider::change_identity_provider,
            identity_providers::delete_identity_provider::delete_identity_provider
        ))
        .routes(routes!(invitations::invite_operator::invite_operator))
        .routes(routes!(invitations::list_invitations::list_invitations))
        .routes(routes!(invitations::withdraw_invitation::withdraw_invitation))
        .routes(routes!(audit::list_audit_events::list_audit_events))
        .routes(routes!(audit::export_audit_events::export_audit_events))
        .routes(routes!(
            audit::list_installation_audit_events::list_installation_audit_events
        ))
        .routes(routes!(
            connections::create_connection::create_connection,
            connections::list_connections::list_connections
        ))
        .routes(routes!(
            connections::get_connection::get_connection,
            connections::change_connection::change_connection,
            connections::delete_connection::delete_connection
        ))
        .routes(routes!(connections::get_capabilities::get_capabilities))
        .routes(routes!(connections::verify_connection::verify_connection))
        .routes(routes!(connections::disable_connection::disable_connection))
        .routes(routes!(connections::enable_connection::enable_connection))
        .routes(routes!(connections::reset_breaker::reset_breaker))
        .routes(routes!(connections::list_offers::list_offers))
        .routes(routes!(connections::import_offers::import_offers))
        .routes(routes!(connections::list_adoptable::list_adoptable))
        .routes(routes!(connections::adopt_consumer::adopt_consumer))
        .routes(routes!(connections::list_breaker_changes::list_breaker_changes))
        .routes(routes!(
            provisioning::list_provisioning_attempts::list_provisioning_attempts
        ))
        .routes(routes!(
            provisioning::export_provisioning_attempts::export_provisioning_attempts
        ))
        .routes(routes!(
            provisioning::get_provisioning_statistics::get_provisioning_statistics
        ))
        .routes(routes!(provisioning::list_dead_letters::list_dead_letters))
        .routes(routes!(provisioning::replay_dead_letters::replay_dead_letters))
        .routes(routes!(connections::list_mappings::list_mappings))
        .routes(routes!(
            connections::put_mapping::put_mapping,
            connections::delete_mapping::delete_mapping
        ))
        .routes(routes!(
            provisioning::create_provisioning_run::create_provisioning_run,
            provisioning::list_provisioning_runs::list_provisioning_runs
        ))
        .routes(routes!(provisioning::get_provisioning_run::get_provisioning_run))
        .routes(routes!(
            provisioning::list_provisioning_findings::list_provisioning_findings
        ))
        .routes(routes!(provisioning::apply_provisioning_run::apply_provisioning_run))
        .routes(routes!(
            products::create_product::create_product,
            products::list_products::list_products
        ))
        .routes(routes!(
            products::get_product::get_product,
            products::change_product::change_product
        ))
        .routes(routes!(
            products::get_contract::get_contract,
            products::put_contract::put_contract
        ))
        .routes(routes!(
            docs::create_api_spec::create_api_spec,
            docs::list_api_specs::list_api_specs
        ))
        .routes(routes!(
            docs::get_api_spec::get_api_spec,
            docs::change_api_spec::change_api_spec,
            docs::delete_api_spec::delete_api_spec
        ))
        .routes(routes!(
            docs::create_api_revision::create_api_revision,
            docs::list_api_revisions::list_api_revisions
        ))
        .routes(routes!(docs::get_api_revision::get_api_revision))
        .routes(routes!(docs::get_api_revision_document::get_api_revision_document))
        .routes(routes!(docs::roll_back_api_spec::roll_back_api_spec))
        .routes(routes!(docs::create_api_sync_secret::create_api_sync_secret))
        .routes(routes!(docs::sync_api_spec::sync_api_spec))
        .routes(routes!(docs::list_references::list_references))
        .routes(routes!(docs::get_reference::get_reference))
        .routes(routes!(docs::get_reference_operation::get_reference_operation))
        .routes(routes!(docs::get_reference_schema::get_reference_schema))
        .routes(routes!(docs::get_reference_document::get_reference_document))
        .routes(routes!(docs::search_docs::search_docs))
        .routes(routes!(playground::check_operation_values::check_operation_values))
        .routes(routes!(playground::get_playground_options::get_playground_options))
        .routes(routes!(
            playground::send_playground_request::send_playground_request,
            playground::list_playground_requests::list_playground_requests,
            playground::delete_playground_requests::delete_playground_requests
        ))
        .routes(routes!(plans::create_plan::create_plan, plans::list_plans::list_plans))
        .routes(routes!(plans::get_plan::get_plan, plans::change_plan::change_plan))
        .routes(routes!(plans::add_plan_version::add_plan_version))
        .routes(routes!(
            customers::create_customer::create_customer,
            customers::list_customers::list_customers
        ))
        .routes(routes!(
            customers::get_customer::get_customer,
            customers::change_customer::change_customer,
            customers::delete_customer::delete_customer
        ))
        .routes(routes!(
            customers::suspend_customer::suspend_customer,
            customers::get_emergency_suspension::get_emergency_suspension
        ))
        .routes(routes!(customers::lift_emergency_suspension::lift_emergency_suspension))
        .routes(routes!(
            subscriptions::create_subscription::create_subscription,
            subscriptions::list_subscriptions::list_subscriptions
        ))
        .routes(routes!(subscriptions::get_subscription::get_subscription))
        .routes(routes!(subscriptions::cancel_subscription::cancel_subscription))
        .routes(routes!(
            subscriptions::list_subscription_gateways::list_subscription_gateways
        ))
        .routes(routes!(keys::reveal_gateway_secret::reveal_gateway_secret))
        .routes(routes!(subscriptions::add_key::add_key))
        .routes(routes!(subscriptions::move_subscription::move_subscription))
        .routes(routes!(subscriptions::reactivate_subscription::reactivate_subscription))
        .routes(routes!(subscriptions::rotate_subscription::rotate_subscription))
        .routes(routes!(subscriptions::suspend_subscription::suspend_subscription))
        .routes(routes!(jobs::list_jobs::list_jobs))
        .routes(routes!(jobs::get_job::get_job))
        .routes(routes!(jobs::cancel_job::cancel_job))
        .routes(routes!(jobs::replay_job::replay_job))
        .routes(routes!(
            credential_settings::get_credential_settings::get_credential_settings,
            credential_settings::change_credential_settings::change_credential_settings
        ))
        .routes(routes!(secret_scanning::report_secrets::report_secrets))
        .routes(routes!(keys::list_keys::list_keys))
        .routes(routes!(keys::verify_key::verify_key))
        .routes(routes!(keys::get_key::get_key, keys::change_key::change_key))
        .routes(routes!(keys::get_key_use::get_key_use))
        .routes(routes!(keys::reactivate_key::reactivate_key))
        .routes(routes!(keys::revoke_key::revoke_key))
        .routes(routes!(keys::rotate_key::rotate_key))
        .routes(routes!(keys::suspend_key::suspend_key))
        .routes(routes!(
            gateways::create_gateway::create_gateway,
            gateways::list_gateways::list_gateways
        ))
        .routes(routes!(
            gateways::get_gateway::get_gateway,
            gateways::change_gateway::change_gateway,
            gateways::delete_gateway::delete_gateway
        ))
        .routes(routes!(
            services::get_service::get_service,
            services::change_service::change_service,
            services::delete_service::delete_service
        ))
        .routes(routes!(
            services::create_service::create_service,
            services::list_services::list_services
        ))
        .routes(routes!(
            routes::get_route::get_route,
            routes::change_route::change_route,
            routes::delete_route::delete_route
        ))
        .routes(routes!(
            routes::create_route::create_route,
            routes::list_routes::list_routes
        ))
        .routes(routes!(
            consumers::get_consumer::get_consumer,
            consumers::delete_consumer::delete_consumer
        ))
        .routes(routes!(
            consumers::create_consumer::create_consumer,
            consumers::list_consumers::list_consumers
        ))
        .routes(routes!(
            outgoing_destinations::get_outgoing_destinations::get_outgoing_destinations,
            outgoing_destinations::put_outgoing_destinations::put_outgoing_destinations
        ))
        .routes(routes!(
            webhooks::create_webhook_endpoint::create_webhook_endpoint,
            webhooks::list_webhook_endpoints::list_webhook_endpoints
        ))
        .routes(routes!(
            webhooks::get_webhook_endpoint::get_webhook_endpoint,
            webhooks::change_webhook_endpoint::change_webhook_endpoint,
            webhooks::delete_webhook_endpoint::delete_webhook_endpoint
        ))
        .routes(routes!(webhooks::rotate_webhook_secret::rotate_webhook_secret))
        .routes(routes!(webhooks::test_webhook_endpoint::test_webhook_endpoint))
        .routes(routes!(webhooks::replay_failed_deliveries::replay_failed_deliveries))
        .routes(routes!(webhooks::list_webhook_deliveries::list_webhook_deliveries))
        .routes(routes!(webhooks::get_webhook_delivery::get_webhook_delivery))
        .routes(routes!(webhooks::replay_webhook_delivery::replay_webhook_delivery))
}
