//! The masking of client frames (RFC 6455, section 5.3).

/// The masking key of a frame, rotated to the next byte of its payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Unmasks the next bytes of the payload.
    #[inline]
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let key = u32::from_ne_bytes(self.0);
        let length = bytes.len();
        // The compiler vectorizes this loop.
        let (chunks, rest) = bytes.as_chunks_mut();
        for chunk in chunks {
            *chunk = (u32::from_ne_bytes(*chunk) ^ key).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0) {
            *byte ^= key;
        }
        let turned = 8 * (length % 4) as u32;
        self.0 = u32::from_be_bytes(self.0).rotate_left(turned).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_unmasked_in_any_pieces() {
        let key = [1, 2, 4, 8];
        let payload: Vec<u8> = (0..40).collect();
        let expected: Vec<u8> = payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        for first in 0..payload.len() {
            for second in first..payload.len() {
                let mut bytes = payload.clone();
                let mut mask = Mask::new(key);
                mask.apply(&mut bytes[..first]);
                mask.apply(&mut bytes[first..second]);
                mask.apply(&mut bytes[second..]);
                assert_eq!(bytes, expected, "{first} {second}");
            }
        }
    }
}
