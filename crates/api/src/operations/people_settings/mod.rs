pub(super) mod get_people_settings;
pub(super) mod put_people_settings;
