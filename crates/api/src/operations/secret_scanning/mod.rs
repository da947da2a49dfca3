pub(super) mod report_secrets;
