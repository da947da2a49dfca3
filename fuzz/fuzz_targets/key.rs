#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gatewright_snapshot::fuzzing::key(data));
