//! As much YAML as a short job needs, and no more: maps and lists by indentation, `[a, b]` on a
//! line, plain and quoted texts, comments. Anything else is an error, so that nothing is misread.

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }

    /// The entries of a map; of anything else, none.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries = match self {
            Self::Map(entries) => entries.as_slice(),
            Self::Text(_) | Self::List(_) => &[],
        };
        entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The items of a list; of anything else, none.
    pub fn items(&self) -> Vec<&Self> {
        match self {
            Self::List(items) => items.iter().collect(),
            Self::Text(_) | Self::Map(_) => Vec::new(),
        }
    }

    /// A text, or a list of texts.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::List(items) => items.iter().flat_map(Self::words).collect(),
            Self::Map(_) => Vec::new(),
        }
    }
}

/// Reads a page.
pub fn read(page: &str) -> Result<Yaml, String> {
    let mut lines = Vec::new();
    for (number, line) in page.lines().enumerate() {
        let text = line.trim_end();
        if text.trim_start().is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        if text.contains('\t') {
            return Err(format!("line {}: a tab", number + 1));
        }
        let depth = text.len() - text.trim_start().len();
        lines.push((depth, text.trim_start().to_owned()));
    }
    let mut at = 0;
    let value = block(&mut lines, &mut at)?;
    if at < lines.len() {
        return Err(format!("`{}` stands at no depth of its own", lines[at].1));
    }
    Ok(value)
}

fn block(lines: &mut Vec<(usize, String)>, at: &mut usize) -> Result<Yaml, String> {
    let depth = lines.get(*at).ok_or("nothing where something is due")?.0;
    if lines[*at].1.starts_with("- ") {
        let mut items = Vec::new();
        while lines
            .get(*at)
            .is_some_and(|(own, text)| *own == depth && text.starts_with("- "))
        {
            // What stands behind the dash begins a block two further in.
            let text = lines[*at].1[2..].trim_start().to_owned();
            lines[*at] = (depth + 2, text.clone());
            if entry(&text).is_some() {
                items.push(block(lines, at)?);
            } else {
                items.push(flow(&text)?);
                *at += 1;
            }
        }
        return Ok(Yaml::List(items));
    }
    let mut entries: Vec<(String, Yaml)> = Vec::new();
    while let Some((own, text)) = lines.get(*at).cloned() {
        if own != depth || text.starts_with("- ") {
            break;
        }
        let (key, rest) = entry(&text).ok_or_else(|| format!("`{text}` is no entry"))?;
        if entries.iter().any(|(known, _)| *known == key) {
            return Err(format!("`{key}` twice"));
        }
        *at += 1;
        let value = if rest.is_empty() {
            let inner = lines.get(*at).is_some_and(|(inner, _)| *inner > depth);
            if !inner {
                return Err(format!("`{key}` has no value"));
            }
            block(lines, at)?
        } else {
            flow(&rest)?
        };
        entries.push((key, value));
    }
    if lines.get(*at).is_some_and(|(own, _)| *own > depth) {
        return Err(format!("`{}` is too far in", lines[*at].1));
    }
    Ok(Yaml::Map(entries))
}

/// Splits `key: value` and `key:`; a colon inside a quoted text is none.
fn entry(text: &str) -> Option<(String, String)> {
    let (key, rest) = match text.split_once(": ") {
        Some((key, rest)) => (key, rest),
        None => (text.strip_suffix(':')?, ""),
    };
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
    (!key.is_empty() && key.chars().all(plain)).then(|| (key.to_owned(), rest.trim().to_owned()))
}

fn flow(text: &str) -> Result<Yaml, String> {
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner
            .strip_suffix(']')
            .ok_or_else(|| format!("`{text}` does not end"))?;
        let items = inner.split(',').map(|item| flow(item.trim()));
        return Ok(Yaml::List(items.collect::<Result<_, _>>()?));
    }
    if let Some(inner) = text.strip_prefix('"') {
        let inner = inner
            .strip_suffix('"')
            .filter(|inner| !inner.contains(['"', '\\']));
        let inner = inner.ok_or_else(|| format!("`{text}` is quoted oddly"))?;
        return Ok(Yaml::Text(inner.to_owned()));
    }
    if text.is_empty() || text.starts_with(['{', '&', '*', '!', '|', '>', '%', '@', '`', '\'']) {
        return Err(format!("`{text}` is more than is read here"));
    }
    if text.contains(": ") || text.contains(" #") {
        return Err(format!("`{text}` would be read as something else"));
    }
    Ok(Yaml::Text(text.to_owned()))
}

#[test]
fn jobs_are_read_and_oddities_refused() {
    let page = "# why\na:\n  b: [x, y]\n  c:\n    - run: do it\n      if: \"now\"\n    - run: more\nd: e\n";
    let read_page = read(page).unwrap();
    assert_eq!(read_page.get("d"), Some(&Yaml::Text("e".into())));
    let a = read_page.get("a").unwrap();
    assert_eq!(a.get("b").unwrap().words(), ["x", "y"]);
    let steps = a.get("c").unwrap().items();
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0].get("if").unwrap().words(), ["now"]);
    for odd in [
        "a:\n\tb: c\n",
        "a: b\na: c\n",
        "a:\n",
        "a: {b: c}\n",
        "a: b: c\n",
        "a: b\n   c: d\n",
        "- [x\n",
    ] {
        assert!(read(odd).is_err(), "{odd:?}");
    }
}
