pub(super) mod get_outgoing_destinations;
pub(super) mod put_outgoing_destinations;
