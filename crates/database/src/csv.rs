//! Lines of CSV files (RFC 4180) that are safe to open in a spreadsheet.

use serde_json::Value;

/// The line of names.
pub fn head(text: &mut String, columns: &[&str]) {
    line(text, columns.iter().map(|name| (*name).to_owned()));
}

/// A row in the order of the columns: the same words as in JSON, and JSON where there are fields inside.
pub fn row(text: &mut String, columns: &[&str], fields: &Value) {
    let cell = |name: &&str| match &fields[*name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    line(text, columns.iter().map(cell));
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push('"');
        // A spreadsheet would run what begins like this as a formula (OWASP, "CSV Injection").
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_out_of_its_quotes() {
        let cells = ["=1+1", "+1", "-1", "@x", "\t=1", "a \"b\", c", "plain", ""];
        let mut text = String::new();
        line(&mut text, cells.iter().map(|cell| (*cell).to_owned()));
        let expected = "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\t=1\",\"a \"\"b\"\", c\",\"plain\",\"\"\r\n";
        assert_eq!(text, expected);
    }
}
