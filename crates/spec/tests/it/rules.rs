//! Every rule that can be found is explained.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rules that the sources name: the first text of a call that finds something.
fn named(folder: &Path, rules: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named(&path, rules);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for start in [
            ".error(",
            ".warning(",
            ".hint(",
            "rule: ",
            "self.notice(",
            "plain(Severity::Hint, ",
        ] {
            for after in text.split(start).skip(1) {
                let rule = after
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next());
                let is_rule = |rule: &&str| rule.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
                rules.extend(rule.filter(is_rule).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_rule_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules = BTreeSet::new();
    named(&root.join("src"), &mut rules);
    assert!(rules.len() > 40, "{rules:?}");
    let page = fs::read_to_string(root.join("../../docs/api-descriptions.md")).unwrap();
    let missing: Vec<_> = rules
        .iter()
        .filter(|rule| !page.contains(&format!("`{rule}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/api-descriptions.md does not explain {missing:?}"
    );
}
