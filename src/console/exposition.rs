//! The Prometheus text format, version 0.0.4: one family after the other, each with its help and type.

use std::fmt::Write;

/// What a family measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, from the program's start.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts by upper bounds.
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// One family while it is written. Nothing is written of a family without samples.
pub struct Family<'p> {
    page: &'p mut String,
    name: &'static str,
    begun: bool,
    kind: Kind,
    help: &'static str,
}

impl<'p> Family<'p> {
    /// A family at the end of a page.
    pub fn new(page: &'p mut String, name: &'static str, kind: Kind, help: &'static str) -> Family<'p> {
        Family { page, name, begun: false, kind, help }
    }

    /// One sample.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        self.begin();
        line(self.page, self.name, "", labels, None, value);
        self
    }

    /// One whole number.
    pub fn count(&mut self, labels: &[(&str, &str)], value: u64) -> &mut Self {
        self.begin();
        let _ = write!(self.page, "{}", self.name);
        put_labels(self.page, labels, None);
        let _ = writeln!(self.page, " {value}");
        self
    }

    /// A histogram: how many were at most each bound (not yet summed up), how many above all, and their sum.
    pub fn histogram(&mut self, bounds: &[f64], counts: &[u64], sum: f64) -> &mut Self {
        self.begin();
        let mut total = 0;
        for (at, count) in counts.iter().enumerate() {
            total += count;
            let bound = bounds.get(at).map_or_else(|| "+Inf".to_owned(), f64::to_string);
            line(self.page, self.name, "_bucket", &[], Some(&bound), total as f64);
        }
        line(self.page, self.name, "_sum", &[], None, sum);
        line(self.page, self.name, "_count", &[], None, total as f64);
        self
    }

    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            let (name, kind) = (self.name, self.kind.name());
            let help = self.help.replace('\\', "\\\\").replace('\n', "\\n");
            let _ = write!(self.page, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
    }
}

fn line(
    page: &mut String,
    name: &str,
    suffix: &str,
    labels: &[(&str, &str)],
    bound: Option<&str>,
    value: f64,
) {
    let _ = write!(page, "{name}{suffix}");
    put_labels(page, labels, bound);
    let _ = writeln!(page, " {value}");
}

fn put_labels(page: &mut String, labels: &[(&str, &str)], bound: Option<&str>) {
    let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
    let mut open = '{';
    for (name, value) in all {
        page.push(open);
        open = ',';
        let _ = write!(page, "{name}=\"");
        for c in value.chars() {
            match c {
                '\\' => page.push_str("\\\\"),
                '"' => page.push_str("\\\""),
                '\n' => page.push_str("\\n"),
                c => page.push(c),
            }
        }
        page.push('"');
    }
    if open == ',' {
        page.push('}');
    }
}
