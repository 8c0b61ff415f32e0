//! Tables for people, the same rows as JSON for comparing one day with another.

use std::path::Path;

use serde_json::{Value, json};

use crate::{Failure, say};

/// Everything measured in one run.
pub(crate) struct Report {
    seconds: f64,
    tables: Vec<Table>,
}

/// One table: rows of named cells, all rows with the same columns.
pub(crate) struct Table {
    /// The heading.
    pub(crate) title: &'static str,
    /// What the figures are worth: the aim, the limit, what is on the other side of a ratio.
    pub(crate) note: String,
    /// The names of the columns.
    pub(crate) columns: Vec<&'static str>,
    /// The cells, as text in the tables and as they are in JSON.
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Report {
    /// An empty report; `seconds` is how long one cell was measured.
    pub(crate) const fn new(seconds: f64) -> Self {
        Self {
            seconds,
            tables: Vec::new(),
        }
    }

    /// Adds a table.
    pub(crate) fn add(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Prints all tables.
    pub(crate) fn print(&self) {
        for table in &self.tables {
            say!("\n## {}\n{}\n", table.title, table.note);
            let header: Vec<String> = table.columns.iter().map(ToString::to_string).collect();
            let rows: Vec<Vec<String>> = table
                .rows
                .iter()
                .map(|row| row.iter().map(text).collect())
                .collect();
            let width = |column: usize| {
                let cells = rows.iter().chain([&header]);
                cells
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            };
            let line = |row: &[String]| {
                let cells = row
                    .iter()
                    .enumerate()
                    .map(|(column, cell)| format!("{cell:>0$}", width(column)));
                format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
            };
            say!("{}", line(&header));
            let rules: Vec<String> = (0..header.len())
                .map(|column| "-".repeat(width(column)))
                .collect();
            say!("{}", line(&rules));
            for row in &rows {
                say!("{}", line(row));
            }
        }
    }

    /// Writes all tables as JSON.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let rows = |table: &Table| -> Vec<Value> {
            let object = |row: &Vec<Value>| {
                table
                    .columns
                    .iter()
                    .map(ToString::to_string)
                    .zip(row.iter().cloned())
                    .collect::<Value>()
            };
            table.rows.iter().map(object).collect()
        };
        let tables: Vec<Value> = self
            .tables
            .iter()
            .map(|table| json!({ "title": table.title, "note": table.note, "rows": rows(table) }))
            .collect();
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let whole = json!({
            "cores": cores,
            "processor": processor(),
            "seconds_per_cell": self.seconds,
            "tables": tables,
        });
        std::fs::write(path, serde_json::to_string_pretty(&whole)?)?;
        say!("\nThe same as JSON: {}", path.display());
        Ok(())
    }
}

/// The processor's name, as the kernel tells it.
fn processor() -> String {
    let all = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = all
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

fn text(cell: &Value) -> String {
    match cell {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            let value = number.as_f64().unwrap_or(f64::NAN);
            if value.abs() >= 100.0 {
                format!("{value:.0}")
            } else {
                format!("{value:.2}")
            }
        }
        other => other.to_string(),
    }
}
