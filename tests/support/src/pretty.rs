//! Lays out JSON text for reading; every token stays as it is.

/// The text with containers that hold containers spread over lines, and the others on one.
pub fn pretty(json: &str) -> String {
    let mut out = String::new();
    value(json, 0, &mut out);
    out.push('\n');
    out
}

fn value(json: &str, depth: usize, out: &mut String) {
    let fits = !json[1..].contains(['{', '[']) && json.len() <= 100;
    let (Some(open @ ('{' | '[')), false) = (json.chars().next(), fits) else {
        out.push_str(json);
        return;
    };
    let inner = &json[1..json.len().saturating_sub(1)];
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    out.push(open);
    for (index, item) in items(inner).into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        out.push_str(&line(depth.saturating_add(1)));
        let colon = key_end(item).filter(|_| open == '{').unwrap_or_default();
        out.push_str(&item[..colon]);
        out.push_str(if colon == 0 { "" } else { " " });
        value(item[colon..].trim(), depth.saturating_add(1), out);
    }
    out.push_str(&line(depth));
    out.push(if open == '{' { '}' } else { ']' });
}

/// What stands between the commas of a container, those inside other containers apart.
fn items(inner: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, byte) in outside_strings(inner) {
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                items.push(inner[start..at].trim());
                start = at.saturating_add(1);
            }
            _ => {}
        }
    }
    items.push(inner[start..].trim());
    items
}

/// The length of a field's key with its colon.
fn key_end(field: &str) -> Option<usize> {
    outside_strings(field).find(|(_, byte)| *byte == b':').map(|(at, _)| at.saturating_add(1))
}

fn outside_strings(json: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut inside, mut escaped) = (false, false);
    json.bytes().enumerate().filter(move |(_, byte)| {
        let was_inside = inside;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ => {}
        }
        !was_inside
    })
}
