//! The table of instruction counts in `docs/PERFORMANCE.md`.

use std::fmt::Write as _;

use super::{Baseline, Counted};

/// The lines before and after the table.
const BEGIN: &str = "<!-- instructions: begin -->";
const END: &str = "<!-- instructions: end -->";

/// Returns the figures as a table, in the order of the catalogue.
#[must_use]
pub fn table(catalogue: &[Counted], accepted: &Baseline) -> String {
    let mut table = format!(
        "Made with {}.\n\n| figure | one operation is | instructions |\n|---|---|---:|\n",
        accepted.environment
    );
    for counted in catalogue {
        if let Some(figure) = accepted.figures.get(counted.name) {
            let _ = writeln!(
                table,
                "| `{}` | {} | {figure} |",
                counted.name, counted.what
            );
        }
    }
    table
}

/// Returns the document with its table replaced; `None` if the lines around the table are missing.
#[must_use]
pub fn replace_table(document: &str, table: &str) -> Option<String> {
    let (head, rest) = document.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n{table}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_replaced() {
        let catalogue = [
            Counted::new("events/echo", 1, "an echo"),
            Counted::new("events/ack", 1, "an acknowledgement"),
        ];
        let accepted = Baseline {
            environment: "this".to_owned(),
            figures: [("events/echo".to_owned(), 10_054)].into(),
        };
        let table = table(&catalogue, &accepted);
        let document = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let document = replace_table(&document, &table).unwrap();
        assert!(
            document.contains("\n| `events/echo` | an echo | 10054 |\n"),
            "{document}"
        );
        assert!(
            !document.contains("old") && !document.contains("events/ack"),
            "{document}"
        );
        assert!(
            document.starts_with("before\n") && document.ends_with("\nafter\n"),
            "{document}"
        );
        assert_eq!(replace_table("no marks", &table), None);
    }
}
