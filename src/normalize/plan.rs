//! Who reads the lines of a source: which grammars, by framing and by the programs that they claim.

use super::grammar::Grammar;
use super::spec::Framing;
use std::collections::BTreeMap;
use std::sync::Arc;

/// In this order framings are tried, those that a line shows at a glance before the others.
pub(super) const ORDER: [Framing; Framing::COUNT] = [
    Framing::Audit,
    Framing::Xml,
    Framing::Cef,
    Framing::Leef,
    Framing::W3c,
    Framing::Syslog,
    Framing::KeyValue,
    Framing::Plain,
    Framing::Json,
    Framing::Csv,
];

/// Who reads the lines of a source: one grammar before the others of its family, or a whole family.
#[derive(Debug, Default)]
pub struct Plan {
    /// Name of the grammar or family.
    pub(super) name: Arc<str>,
    /// The grammar that the source names; `None` for a family.
    pub(super) main: Option<usize>,
    /// How many grammars.
    members: usize,
    /// By framing.
    framed: [Vec<usize>; Framing::COUNT],
    /// The framings that members read, in the order in which they are tried.
    framings: Vec<Framing>,
    /// Programs claimed by name, in lower case.
    exact: BTreeMap<Box<[u8]>, Vec<usize>>,
    /// Programs claimed by how they begin, longest first.
    prefixes: Vec<(Box<[u8]>, usize)>,
    /// Members that claim no program (or `*`) and so look at every line.
    pub(super) any: Vec<usize>,
}

impl Plan {
    pub(super) fn new(name: &Arc<str>, main: Option<usize>, members: &[usize], grammars: &[Grammar]) -> Plan {
        let mut plan = Plan { name: Arc::clone(name), main, members: members.len(), ..Plan::default() };
        for &member in members {
            let Some(grammar) = grammars.get(member) else { continue };
            for framing in &grammar.spec.framings {
                if let Some(members) = plan.framed.get_mut(*framing as usize) {
                    members.push(member);
                }
            }
            if !grammar.spec.framings.contains(&Framing::Syslog) {
                continue;
            }
            if grammar.spec.programs.is_empty() {
                plan.any.push(member);
            }
            for program in &grammar.spec.programs {
                let program = program.to_ascii_lowercase();
                match program.strip_suffix('*') {
                    Some("") => plan.any.push(member),
                    Some(head) => plan.prefixes.push((head.as_bytes().into(), member)),
                    None => plan.exact.entry(program.as_bytes().into()).or_default().push(member),
                }
            }
        }
        plan.framings = ORDER.into_iter().filter(|framing| !plan.framed(*framing).is_empty()).collect();
        plan.prefixes.sort_by_key(|(head, _)| std::cmp::Reverse(head.len()));
        plan
    }

    /// How many grammars it has.
    pub(super) fn size(&self) -> usize {
        self.members
    }

    /// The framings that members read, in the order in which they are tried.
    pub(super) fn framings(&self) -> &[Framing] {
        &self.framings
    }

    /// The members that read a framing.
    pub(super) fn framed(&self, framing: Framing) -> &[usize] {
        self.framed.get(framing as usize).map_or(&[], Vec::as_slice)
    }

    /// The members that claim a program, the closest claim first. The name may be a path, or carry a module
    /// in parentheses (`sshd(pam_unix)`).
    pub(super) fn claims(&self, program: &str) -> impl Iterator<Item = usize> {
        let name = Lower::of(program);
        let exact =
            [name.whole(), name.last(), name.bare()].into_iter().find_map(|name| self.exact.get(name));
        let exact = exact.into_iter().flatten().copied();
        let fits = move |head: &[u8]| name.whole().starts_with(head) || name.last().starts_with(head);
        exact.chain(self.prefixes.iter().filter(move |(head, _)| fits(head)).map(|(_, member)| *member))
    }

    /// Whether a member claims exactly this name.
    pub(super) fn knows(&self, program: &str) -> bool {
        self.exact.contains_key(Lower::of(program).whole())
    }
}

/// Longest program name that is looked up (`syslog` takes no longer tag).
const PROGRAM_BYTES_MAX: usize = 128;

/// A program's name in lower case; made for each line, so without allocation.
struct Lower {
    bytes: [u8; PROGRAM_BYTES_MAX],
    length: usize,
    /// Where the name behind the last slash begins, and where its module in parentheses begins.
    last: usize,
    module: usize,
}

impl Lower {
    fn of(program: &str) -> Lower {
        let mut lower = Lower { bytes: [0; PROGRAM_BYTES_MAX], length: 0, last: 0, module: 0 };
        for (place, byte) in lower.bytes.iter_mut().zip(program.bytes()) {
            *place = byte.to_ascii_lowercase();
            lower.length += 1;
            if byte == b'/' {
                lower.last = lower.length;
            }
        }
        let module = memchr::memchr(b'(', lower.last()).map(|at| lower.last + at);
        lower.module = module.unwrap_or(lower.length);
        lower
    }
    fn whole(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
    fn last(&self) -> &[u8] {
        self.bytes.get(self.last..self.length).unwrap_or(&[])
    }
    fn bare(&self) -> &[u8] {
        self.bytes.get(self.last..self.module).unwrap_or(&[])
    }
}
