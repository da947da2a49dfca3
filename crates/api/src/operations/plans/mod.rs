pub(super) mod add_plan_version;
pub(super) mod change_plan;
pub(super) mod create_plan;
pub(super) mod get_plan;
pub(super) mod list_plans;
