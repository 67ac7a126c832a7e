//! A Rust file as the tidy test sees it: its text, its code without comments and literals, its functions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One file of `src`.
pub struct SourceFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// The same without comments and with empty literals; lines stay where they are.
    pub code: String,
}

/// A function with a body.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where it begins, from 1.
    pub line: usize,
    /// Lines of its body.
    pub lines: usize,
    /// It answers a path of the API.
    pub is_handler: bool,
}

/// Every file of `src`, by path.
pub fn read_all() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    assert!(paths.len() > 50, "src was not found");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        SourceFile { path, code: without_comments_and_literals(&text), text }
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

impl SourceFile {
    /// The module right under the crate that the file belongs to.
    pub fn room(&self) -> &str {
        let inner = self.path.trim_start_matches("src/");
        inner.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The identifiers of the code.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.code.split(|letter: char| !is_word(letter)).filter(|word| !word.is_empty())
    }

    /// The modules of ours that the file names, in `use` or in the middle of the code.
    pub fn imports(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for prefix in ["crate::", "madoguchi::"] {
            for (at, _) in self.code.match_indices(prefix) {
                let before = self.code[..at].chars().next_back();
                if before.is_some_and(|letter| is_word(letter) || letter == '$') {
                    continue;
                }
                first_names(&self.code[at + prefix.len()..], &mut found);
            }
        }
        found
    }

    /// Its functions with a body, at any depth.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        // Between the attribute of a handler and its function stands no other function.
        let mut is_handler = false;
        for (at, word) in words_with_places(&self.code) {
            if word == "utoipa" && self.code[at..].starts_with("utoipa::path") {
                is_handler = true;
            }
            if word != "fn" {
                continue;
            }
            let rest = &self.code[at + word.len()..];
            let name: String = rest.trim_start().chars().take_while(|letter| is_word(*letter)).collect();
            // Without a name it is the type of a function.
            let Some((open, close)) = body(rest).filter(|_| !name.is_empty()) else { continue };
            let lines = rest[open..close].matches('\n').count().saturating_sub(1);
            let line = self.code[..at].matches('\n').count() + 1;
            found.push(Function { name, line, lines, is_handler });
            is_handler = false;
        }
        found
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn words_with_places(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    code.split(|letter: char| !is_word(letter)).map(move |word| {
        // Everything that separates words here is one byte or counted by its own length.
        let start = at + code[at..].find(word).unwrap();
        at = start + word.len();
        (start, word)
    })
}

/// The module named after `crate::`, or the several of `crate::{…}`.
fn first_names(rest: &str, into: &mut BTreeSet<String>) {
    let name = |text: &str| text.chars().take_while(|letter| is_word(*letter)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else {
        into.insert(name(rest));
        return;
    };
    let (mut depth, mut expects_name) = (0_usize, true);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_name = true,
            letter if expects_name && is_word(letter) => {
                into.insert(name(&group[at..]));
                expects_name = false;
            }
            _ => {}
        }
    }
}

/// Where the body after `fn` opens and closes; none for a declaration.
fn body(rest: &str) -> Option<(usize, usize)> {
    let (mut round, mut open, mut depth) = (0_i32, None, 0_i32);
    for (at, letter) in rest.char_indices() {
        match (letter, open) {
            ('(' | '[', None) => round += 1,
            (')' | ']', None) => round -= 1,
            (';', None) if round <= 0 => return None,
            ('{', None) if round <= 0 => (open, depth) = (Some(at), 1),
            ('{', Some(_)) => depth += 1,
            ('}', Some(start)) => {
                depth -= 1;
                if depth == 0 {
                    return Some((start, at));
                }
            }
            _ => {}
        }
    }
    None
}

/// Takes out what is not code and keeps the line breaks.
fn without_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let before = code.chars().next_back();
        let (length, is_literal) = skipped(rest, before);
        if length == 0 {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        if is_literal {
            code.push_str("\"\"");
        }
        code.extend(rest[..length].chars().filter(|letter| *letter == '\n'));
        rest = &rest[length..];
    }
    code
}

/// How many bytes at the beginning of `rest` are a comment or a literal, and whether it is a literal.
fn skipped(rest: &str, before: Option<char>) -> (usize, bool) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |at| at + 2), false);
    }
    if rest.starts_with('"') {
        return (quoted(rest, '"'), true);
    }
    if rest.starts_with('\'') {
        let second = rest.chars().nth(1);
        let is_char = second == Some('\\') || rest.chars().nth(2) == Some('\'');
        return if is_char { (quoted(rest, '\''), true) } else { (0, false) };
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'));
    if let (Some(raw), false) = (raw, before.is_some_and(is_word)) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let opened = rest.len() - raw.len() + hashes + 1;
            let length = rest[opened..].find(&end).map_or(rest.len(), |at| opened + at + end.len());
            return (length, true);
        }
    }
    (0, false)
}

/// The length of a literal between `quote`s with backslashes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn comments_and_literals_are_taken_out() {
    let text = "let a = \"{ // \\\" \"; // {\nlet b: &'a str = r#\"}\"}\"#; /* { */ let c = '{';";
    assert_eq!(without_comments_and_literals(text), "let a = \"\"; \nlet b: &'a str = \"\";  let c = \"\";");
}

#[test]
fn functions_and_imports_are_found() {
    let text = "use crate::{a::{b, c}, d};\nimpl X for fn(u8) {\n    fn one(&self) -> [u8; 2] {\n        crate::e::f()\n    }\n    fn two();\n}\n";
    let file = SourceFile { path: "src/x/y.rs".into(), text: text.into(), code: text.into() };
    let functions: Vec<_> = file.functions().into_iter().map(|it| (it.name, it.line, it.lines)).collect();
    assert_eq!(functions, [("one".to_owned(), 3, 1)]);
    assert_eq!(file.imports().into_iter().collect::<Vec<_>>(), ["a", "d", "e"]);
    assert_eq!(file.room(), "x");
}
