//! What a browser would take for more than text; read plainly, by another reader than the one that writes it.

/// What no text may become, wherever a browser would take it for more than text.
pub(crate) fn dangers(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let mut quoted = false;
        let tag = &rest[at..];
        let end = tag
            .bytes()
            .position(|byte| {
                quoted ^= byte == b'"';
                byte == b'>' && !quoted
            })
            .map_or(tag.len(), |end| end + 1);
        judge(&tag[..end], &mut found);
        rest = &tag[end..];
    }
    found
}

fn judge(tag: &str, found: &mut Vec<String>) {
    let inner = tag.trim_start_matches(['<', '/']).trim_end_matches('>');
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    const KNOWN: &str = " a abbr b blockquote br caption cite code dd del details dfn div dl dt em h3 h4 h5 h6 h1 h2 hr i img ins kbd \
                         li ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var ";
    if !KNOWN.contains(&format!(" {name} ")) {
        found.push(tag.to_owned());
    }
    let mut rest = &inner[name.len()..];
    while let Some((key, after)) = rest.trim_start().split_once("=\"") {
        let Some(end) = after.find('"') else {
            found.push(tag.to_owned());
            return;
        };
        let value = &after[..end];
        const KEYS: &str =
            " href src alt width height start align colspan rowspan scope id title lang dir rel class open aria-label ";
        let known = KEYS.contains(&format!(" {key} "));
        let safe = match key {
            "href" => {
                ["http://", "https://", "mailto:", "#"]
                    .iter()
                    .any(|good| value.to_ascii_lowercase().starts_with(good))
                    || own(value)
            }
            "src" => own(value),
            "id" => value.starts_with("text-"),
            "class" => value == "anchor" || value.is_empty(),
            _ => true,
        };
        if !known || !safe {
            found.push(tag.to_owned());
        }
        rest = &after[end + 1..];
    }
}

fn own(value: &str) -> bool {
    value.starts_with('/') && !value.starts_with("//") && !value.contains('\\')
}
