//! What strace prints.

/// The texts between double quotes, as strace escapes them.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = String> {
    let mut bytes = text.bytes().peekable();
    std::iter::from_fn(move || {
        bytes.find(|byte| *byte == b'"')?;
        let mut word = Vec::new();
        loop {
            match bytes.next()? {
                b'"' => return Some(String::from_utf8_lossy(&word).into_owned()),
                b'\\' => match bytes.next()? {
                    b'n' => word.push(b'\n'),
                    b't' => word.push(b'\t'),
                    digit @ b'0'..=b'7' => {
                        let mut value = u32::from(digit - b'0');
                        for _ in 0..2 {
                            if let Some(digit) = bytes.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                                value = value * 8 + u32::from(digit - b'0');
                            }
                        }
                        word.push(value as u8);
                    }
                    other => word.push(other),
                },
                byte => word.push(byte),
            }
        }
    })
}
