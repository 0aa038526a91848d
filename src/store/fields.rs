//! The fields of an encoded protobuf message, one after the other, before anything is made of them.

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its number.
    pub number: u64,
    /// The bytes of a text, of bytes, of a message or of packed numbers; nothing of any other.
    pub bytes: &'a [u8],
}

/// The fields of `message`, up to the first that makes no sense: a decoder refuses it.
pub fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message;
    std::iter::from_fn(move || next(&mut rest))
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let tag = varint(rest)?;
    let bytes = match tag & 7 {
        0 => varint(rest).map(|_| &[][..]),
        1 => take(rest, 8).map(|_| &[][..]),
        2 => {
            let length = varint(rest)?;
            take(rest, usize::try_from(length).ok()?)
        }
        5 => take(rest, 4).map(|_| &[][..]),
        // Groups: nothing of ours has any.
        _ => None,
    };
    Some(Field { number: tag >> 3, bytes: bytes? })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_of_every_type_are_told_apart() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, b'a', b'b', 0x1d, 1, 2, 3, 4, 0x22, 0];
        let found: Vec<(u64, &[u8])> = fields(&message).map(|field| (field.number, field.bytes)).collect();
        assert_eq!(found, [(1, &b""[..]), (2, b"ab"), (3, b""), (4, b"")]);
        assert_eq!(fields(&[0x12, 5, b'a']).count(), 0, "cut short");
        assert_eq!(fields(&[0x13]).count(), 0, "a group");
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let taken: usize = fields(&bytes).map(|field| field.bytes.len() + 1).sum();
            prop_assert!(taken <= bytes.len());
        }
    }
}
