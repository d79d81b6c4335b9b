//! Whether the mail server vouches for the sender: `Authentication-Results` (RFC 8601), read as hostile text.
//!
//! Anybody can write such a header into a mail. It counts only
//!
//! - when it names our authority (`mail.reply_authserv`), and
//! - when it stands above the topmost `Received` line: our own hosts added it after the mail had arrived. All of them
//!   count, since some servers write one header for each method; or
//! - when none stands there, and it is the first of that name: servers that write it below their own `Received` line, and
//!   servers in front of the last one, put it above all that came with the mail. That such a server removes what claims
//!   to be its own is its duty (RFC 8601 section 5); a second one further down never counts.
//!
//! A pass is aligned when the domain that it names is the one in the From header, or a parent of it.

/// Headers of this name that are looked at.
const RESULTS_MAX: usize = 16;
/// Bytes of one header.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// One header of the mail, in the order of the mail: name in lower case and value, folded lines as they are.
pub(super) type Head<'a> = (&'a str, &'a str);

/// The authority's word for the sender's domain, such as `dkim=pass (example.org)`.
///
/// # Errors
/// Why there is none.
pub(super) fn proof(heads: &[Head<'_>], authority: &str, from: &str) -> Result<String, String> {
    let Some((_, domain)) = from.rsplit_once('@').filter(|(_, domain)| domain.contains('.')) else {
        return Err("the sender's address has no domain".to_owned());
    };
    let trusted = trusted(heads, authority);
    if trusted.is_empty() {
        return Err(format!("no Authentication-Results of {authority} that can be believed"));
    }
    let passes = trusted.iter().flat_map(|results| &results.methods).filter(|m| m.result == "pass");
    let mut unaligned = Vec::new();
    for method in passes {
        match method.domain() {
            Some(of) if is_aligned(&of, domain, &method.name) => {
                return Ok(format!("{}=pass ({of})", method.name));
            }
            Some(of) => unaligned.push(format!("{}=pass is for {of}", method.name)),
            None => {}
        }
    }
    match unaligned.first() {
        Some(other) => Err(format!("{authority} says that {other}, not for {domain}")),
        None => Err(format!("{authority} says no pass of DKIM or SPF for {domain}")),
    }
}

/// The headers of the authority that count.
fn trusted(heads: &[Head<'_>], authority: &str) -> Vec<Results> {
    let of_authority = |head: &Head<'_>| {
        let results = (head.0 == "authentication-results").then(|| Results::parse(head.1))??;
        results.authority.eq_ignore_ascii_case(authority).then_some(results)
    };
    let above = heads.iter().take_while(|head| head.0 != "received");
    let added: Vec<Results> = match heads.iter().any(|head| head.0 == "received") {
        true => above.filter_map(of_authority).take(RESULTS_MAX).collect(),
        false => Vec::new(),
    };
    if !added.is_empty() {
        return added;
    }
    heads.iter().find_map(of_authority).into_iter().collect()
}

/// Of DKIM and SPF the signing (sending) domain may be a parent of the sender's; DMARC has judged that itself.
fn is_aligned(of: &str, sender: &str, method: &str) -> bool {
    let (of, sender) = (of.trim_end_matches('.'), sender.trim_end_matches('.'));
    let same = of.eq_ignore_ascii_case(sender);
    let of_lower = of.to_ascii_lowercase();
    let sender_lower = sender.to_ascii_lowercase();
    let parent =
        of.contains('.') && sender_lower.strip_suffix(&of_lower).is_some_and(|rest| rest.ends_with('.'));
    same || (parent && method != "dmarc")
}

/// One header, read.
#[derive(Debug, PartialEq)]
struct Results {
    authority: String,
    methods: Vec<Method>,
}

/// `dkim=pass header.d=example.org`.
#[derive(Debug, Default, PartialEq)]
struct Method {
    name: String,
    result: String,
    properties: Vec<(String, String)>,
}

impl Method {
    /// The domain that the result is about.
    fn domain(&self) -> Option<String> {
        let value =
            |key: &str| self.properties.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let found = match self.name.as_str() {
            "dkim" => value("header.d").or_else(|| value("header.i")),
            "spf" => value("smtp.mailfrom").or_else(|| value("smtp.from")),
            "dmarc" => value("header.from"),
            _ => None,
        }?;
        let domain = found.rsplit_once('@').map_or(found, |(_, domain)| domain);
        (!domain.is_empty()).then(|| domain.to_owned())
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Equals,
    Semicolon,
}

impl Results {
    /// Reads a header's value; `None` where it is none, or a comment or a quotation in it has no end.
    fn parse(value: &str) -> Option<Results> {
        let tokens = tokens(value)?;
        let mut sections = tokens.split(|token| *token == Token::Semicolon);
        let authority = match sections.next()? {
            [Token::Word(name) | Token::Quoted(name)] => name.clone(),
            // A version may follow.
            [Token::Word(name) | Token::Quoted(name), Token::Word(version)]
                if version.bytes().all(|b| b.is_ascii_digit()) =>
            {
                name.clone()
            }
            _ => return None,
        };
        Some(Results { authority, methods: sections.filter_map(method).collect() })
    }
}

/// One result; `None` for `none` and for what is none.
fn method(tokens: &[Token]) -> Option<Method> {
    let mut method = Method::default();
    let mut rest = tokens;
    while let Some((pair, more)) = rest.split_at_checked(3) {
        let [Token::Word(key), Token::Equals, Token::Word(value) | Token::Quoted(value)] = pair else {
            return None;
        };
        let key = key.to_ascii_lowercase();
        if method.name.is_empty() {
            method.name = key.split('/').next().unwrap_or_default().to_owned();
            method.result = value.to_ascii_lowercase();
        } else {
            method.properties.push((key, value.clone()));
        }
        rest = more;
    }
    (rest.is_empty() && !method.name.is_empty()).then_some(method)
}

/// Words, quotations, `=` and `;`, without comments (which nest) and white space. `None` where one has no end.
fn tokens(value: &str) -> Option<Vec<Token>> {
    if value.len() > HEADER_BYTES_MAX {
        return None;
    }
    let mut tokens = Vec::new();
    let mut word = String::new();
    let end = |word: &mut String, tokens: &mut Vec<Token>| {
        if !word.is_empty() {
            tokens.push(Token::Word(std::mem::take(word)));
        }
    };
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                end(&mut word, &mut tokens);
                skip_comment(&mut chars)?;
            }
            '"' if word.is_empty() => tokens.push(Token::Quoted(quoted(&mut chars)?)),
            // The local part of an address may be quoted: `"a b"@example.org` is one value.
            '"' => word.push_str(&quoted(&mut chars)?),
            '=' | ';' => {
                end(&mut word, &mut tokens);
                tokens.push(if c == '=' { Token::Equals } else { Token::Semicolon });
            }
            c if c.is_whitespace() => end(&mut word, &mut tokens),
            c => match tokens.last_mut() {
                Some(Token::Quoted(text)) if word.is_empty() && c == '@' => {
                    word.push_str(text);
                    word.push(c);
                    tokens.pop();
                }
                _ => word.push(c),
            },
        }
    }
    end(&mut word, &mut tokens);
    Some(tokens)
}

fn skip_comment(chars: &mut std::str::Chars<'_>) -> Option<()> {
    let mut depth = 1_u32;
    while depth > 0 {
        match chars.next()? {
            '\\' => drop(chars.next()?),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    Some(())
}

fn quoted(chars: &mut std::str::Chars<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: &str = "mx.example.org";
    const ANA: &str = "ana@example.org";
    const PASS: Head<'_> = ("authentication-results", "mx.example.org; dkim=pass header.d=example.org");
    const OWN: Head<'_> =
        ("received", "from out.example.org (out [192.0.2.1]) by mx.example.org (Postfix) with ESMTPS id 1");
    const OTHER: Head<'_> = ("received", "from laptop by out.example.org with ESMTPSA id 2");

    fn judge(value: &str) -> Result<String, String> {
        proof(&[("authentication-results", value), OWN], US, ANA)
    }

    #[test]
    fn an_aligned_pass_in_any_spelling() {
        for value in [
            "mx.example.org; dkim=pass header.d=example.org",
            "MX.example.org 1;\r\n\tdkim = pass (2048-bit key; unprotected) header.d = Example.ORG",
            "mx.example.org; spf=fail smtp.mailfrom=x.example; dkim=pass reason=\"good; one\" header.i=@example.org header.s=a",
            "mx.example.org; (a (nested) \\) comment) spf=pass smtp.mailfrom=ana@example.org",
            "mx.example.org; spf=pass smtp.mailfrom=\"a; b\"@example.org",
            "mx.example.org; dmarc=pass (p=reject dis=none) header.from=example.org",
            "\"mx.example.org\"; dkim/1=PASS header.d=example.org",
        ] {
            assert!(judge(value).is_ok(), "{value}: {:?}", judge(value));
        }
        // A subdomain's mail may be signed by its parent.
        let head = ("authentication-results", "mx.example.org; dkim=pass header.d=example.org");
        assert!(proof(&[head, OWN], US, "ana@soc.example.org").is_ok());
    }

    #[test]
    fn anything_else_is_no_proof() {
        for value in [
            "mx.example.org; none",
            "mx.example.org; dkim=fail header.d=example.org",
            "mx.example.org; dkim=pass header.d=example.com",
            "mx.example.org; dkim=pass header.d=notexample.org",
            "mx.example.org; dkim=pass header.d=org",
            "mx.example.org; dkim=pass header.d=sub.example.org",
            "mx.example.org; dkim=pass",
            "mx.example.org; spf=pass smtp.helo=example.org",
            "mx.example.org; dmarc=pass header.from=com",
            "mx.example.org; auth=pass smtp.auth=ana@example.org",
            "mx.example.org; dkim=fail (dkim=pass header.d=example.org)",
            "mx.example.org; dkim=fail reason=\"; dkim=pass header.d=example.org",
            "mx.example.org; x=\"; dkim=pass header.d=example.org ;\"",
            "mx.example.org (; dkim=pass header.d=example.org",
            "mx.example.org x; dkim=pass header.d=example.org",
            "mx.example.org.evil.example; dkim=pass header.d=example.org",
            "evil.example; mx.example.org; dkim=pass header.d=example.org",
            "(mx.example.org) evil.example; dkim=pass header.d=example.org",
            "",
            ";;;",
        ] {
            assert!(judge(value).is_err(), "{value}: {:?}", judge(value));
        }
        assert!(proof(&[PASS, OWN], US, "ana").is_err() && proof(&[PASS, OWN], US, "").is_err());
    }

    #[test]
    fn a_header_counts_by_its_place() {
        let fail: Head<'_> = ("authentication-results", "mx.example.org; dkim=none");
        let ok = |heads: &[Head<'_>]| proof(heads, US, ANA).is_ok();
        // Above the last hop, and below it.
        let inner: Head<'_> = ("received", "from mx.example.org by box.example.org with LMTP id 3");
        assert!(ok(&[PASS, inner, OWN, OTHER]) && ok(&[inner, PASS, OWN, OTHER]) && ok(&[OWN, PASS, OTHER]));
        // Two servers' work above the last hop: one of them may pass. Below it, the first alone counts.
        assert!(ok(&[fail, PASS, OWN]) && ok(&[PASS, fail, OWN]));
        assert!(!ok(&[OWN, fail, PASS, OTHER]) && !ok(&[inner, fail, PASS, OWN]));
        // Forged further down, with a forged hop of ours below it: the one above decides.
        assert!(!ok(&[fail, OWN, PASS, OTHER]) && !ok(&[fail, inner, OWN, PASS, OTHER]));
        assert!(!ok(&[inner, fail, PASS, OWN, OTHER]));
        // Without any hop the first alone counts, too.
        assert!(ok(&[PASS, fail]) && !ok(&[fail, PASS]));
        assert!(!ok(&[OWN, OTHER]) && !ok(&[]));
        let evil: Head<'_> = ("authentication-results", "evil.example; dkim=pass header.d=example.org");
        assert!(!ok(&[evil, OWN]) && !ok(&[evil]));
    }
}
