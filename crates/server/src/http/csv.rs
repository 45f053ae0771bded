//! Tables for spreadsheets (RFC 4180).

/// A row of a table (RFC 4180). A cell that a spreadsheet would take for a formula begins with an apostrophe: it is text.
pub(super) fn row(cells: &[String]) -> String {
    let cell = |cell: &String| {
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let quote = if is_formula { "'" } else { "" };
        format!("\"{quote}{}\"", cell.replace('"', "\"\""))
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        let cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "a=b", "say \"so\", please", ""].map(str::to_owned);
        assert_eq!(
            row(&cells),
            "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\",\"'\rx\",\"a=b\",\"say \"\"so\"\", please\",\"\"\r\n"
        );
    }
}
