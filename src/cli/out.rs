//! Everything that the commands print goes through here: a closed pipe ends quietly, colour only where
//! it is wanted, and tables line up.

use super::Failure;
use super::args::{Color, Global};
use std::io::{self, BufWriter, IsTerminal, Write};

/// Standard output with the choices of the command line.
pub struct Out {
    writer: BufWriter<io::Stdout>,
    /// One JSON object per line.
    pub json: bool,
    /// Colour is wanted on stdout.
    pub color: bool,
}

/// How to show a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Bold.
    Strong,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Beside the point.
    Dim,
}

impl Out {
    /// Standard output as the command line wants it.
    pub fn new(global: &Global) -> Out {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Out { writer: BufWriter::new(io::stdout()), json: global.json, color }
    }

    /// Prints a line. A closed pipe (`| head`) ends the command without a complaint.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        writeln!(self.writer, "{text}").map_err(failure)
    }

    /// Prints one JSON object.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn object(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.line(value)
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(bytes).map_err(failure)
    }

    /// Sends out what is buffered.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(failure)
    }

    /// Text in a tone, where colour is wanted.
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Dim => "2",
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Says on stderr what went wrong, and that only.
    pub fn complain(&mut self, message: &str) {
        let _ = self.writer.flush();
        let _ = writeln!(io::stderr(), "gatewatch: {message}");
    }

    /// Says something on stderr beside the output.
    pub fn remark(&mut self, message: &str) {
        let _ = self.writer.flush();
        let _ = writeln!(io::stderr(), "{message}");
    }

    /// Prints rows under a head, each column as wide as its widest cell.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let head = aligned(&widths, &head);
        self.line(self.tone(Tone::Strong, &head))?;
        for row in rows {
            self.line(aligned(&widths, row))?;
        }
        Ok(())
    }
}

fn aligned(widths: &[usize], row: &[String]) -> String {
    let mut text = String::new();
    for (width, cell) in widths.iter().zip(row) {
        let pad = width.saturating_sub(cell.chars().count());
        text.push_str(cell);
        text.push_str(&" ".repeat(pad + 2));
    }
    text.trim_end().to_owned()
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(super::exit::OK, ""),
        _ => Failure::runtime(format!("cannot write to standard output: {error}")),
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        // A reader that went away is no reason to complain at the very end.
        let _ = self.writer.flush();
    }
}
