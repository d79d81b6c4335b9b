//! Names of months: English everywhere; other languages where a logger takes its host's locale (Java, .NET).

/// Longest name in bytes (`septiembre` with its dot, `février` in UTF-8), with room.
const NAME_BYTES_MAX: usize = 12;

/// Per month what it is called besides the first three English letters: English in full, German, French, Spanish,
/// Italian, Portuguese, Dutch (Unicode CLDR, "months abbreviated" and "wide"), in lower case.
const NAMES: [&[&str]; 12] = [
    &[
        "january",
        "januar",
        "j\u{e4}nner",
        "janv",
        "janvier",
        "ene",
        "enero",
        "gen",
        "gennaio",
        "janeiro",
        "januari",
    ],
    &[
        "february",
        "februar",
        "f\u{e9}vr",
        "fevr",
        "f\u{e9}vrier",
        "febrero",
        "febbraio",
        "fev",
        "fevereiro",
        "februari",
    ],
    &["march", "m\u{e4}rz", "m\u{e4}r", "mars", "marzo", "mar\u{e7}o", "mrt", "maart"],
    &["april", "avr", "avril", "abr", "abril", "aprile"],
    &["mai", "mayo", "mag", "maggio", "maio", "mei"],
    &["june", "juni", "juin", "junio", "giu", "giugno", "junho"],
    &["july", "juli", "juil", "juillet", "julio", "lug", "luglio", "julho"],
    &["august", "ao\u{fb}t", "aout", "ago", "agosto", "augustus"],
    &["september", "sept", "septembre", "septiembre", "set", "settembre", "setembro"],
    &["october", "okt", "oktober", "octobre", "octubre", "ott", "ottobre", "out", "outubro"],
    &["november", "novembre", "noviembre", "novembro"],
    &["december", "dez", "dezember", "d\u{e9}c", "d\u{e9}cembre", "dic", "diciembre", "dicembre", "dezembro"],
];

/// The month at the start of a text, and the length of its name with a dot behind it.
pub fn read(bytes: &[u8]) -> Option<(u32, usize)> {
    let is_letter = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80;
    let length = bytes.iter().take(NAME_BYTES_MAX + 1).take_while(|b| is_letter(b)).count();
    // Lines of text begin with letters too: most of them are told here.
    let dot = usize::from(bytes.get(length) == Some(&b'.'));
    let [separator, next] = *bytes.get(length + dot..)?.first_chunk::<2>()?;
    if !(3..=NAME_BYTES_MAX).contains(&length)
        || !matches!(separator, b' ' | b'/' | b'-')
        || !(next.is_ascii_digit() || next == b' ')
    {
        return None;
    }
    let name = bytes.get(..length)?;
    let month = if let [a, b, c] = name { english(&[*a, *b, *c]) } else { None };
    Some((month.or_else(|| named(name))?, length + dot))
}

fn english(name: &[u8; 3]) -> Option<u32> {
    Some(match &name.map(|b| b.to_ascii_lowercase()) {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

fn named(name: &[u8]) -> Option<u32> {
    let name = std::str::from_utf8(name).ok()?;
    let is = |known: &&str| name.chars().flat_map(char::to_lowercase).eq(known.chars());
    (1..).zip(NAMES).find(|(_, names)| names.iter().any(is)).map(|(month, _)| month)
}
