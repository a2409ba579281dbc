//! Content negotiation of compressed responses.

use std::cmp::Reverse;

use http::header::{self, HeaderMap};

/// Returns the offered encoding that the client prefers (`Accept-Encoding`), if it accepts any.
///
/// The rules are those of Node's servers. Encodings are ranked by quality, and named ones before
/// those matched by `*`. Then the order in the header counts, and finally the order of `offered`. A
/// named entry overrides `*`, so that an encoding can be excluded.
///
/// # Examples
///
/// ```
/// use engineio::preferred_encoding;
/// use http::{HeaderMap, header::ACCEPT_ENCODING};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(ACCEPT_ENCODING, "gzip;q=0.5, br, *;q=0.1".parse()?);
/// assert_eq!(preferred_encoding(&headers, &["gzip", "deflate"]), Some("gzip"));
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn preferred_encoding<'a>(request: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let values = request.get_all(header::ACCEPT_ENCODING);
    let mut accepted = Vec::new();
    for value in values.iter().filter_map(|value| value.to_str().ok()) {
        accepted.extend(value.split(',').map(Accepted::parse));
    }
    let ranked = offered.iter().enumerate().filter_map(|(order, offer)| {
        let entries = accepted.iter().enumerate();
        let (at, named, quality) = entries
            .filter_map(|(at, entry)| {
                let named = entry.name.eq_ignore_ascii_case(offer);
                (named || entry.name == "*").then_some((at, named, entry.quality))
            })
            .max_by_key(|(at, named, quality)| (*named, *quality, Reverse(*at)))?;
        (quality > 0).then_some(((quality, named, Reverse(at), Reverse(order)), *offer))
    });
    ranked.max_by_key(|(rank, _)| *rank).map(|(_, offer)| offer)
}

/// An entry of the header.
struct Accepted<'a> {
    name: &'a str,
    /// The quality in thousandths, which is the precision of HTTP.
    quality: u16,
}

impl<'a> Accepted<'a> {
    fn parse(entry: &'a str) -> Self {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0_f32));
        Self {
            name,
            // Values out of range and `NaN` saturate.
            quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn preferred(accepted: &[&str], offered: &[&'static str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for value in accepted {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(header::ACCEPT_ENCODING, value);
        }
        preferred_encoding(&headers, offered)
    }

    /// The expected values are those of the npm package `accepts`.
    #[test]
    fn the_client_determines_the_encoding() {
        for (accepted, expected) in [
            ("", None),
            ("identity", None),
            ("br", None),
            ("gzip", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("deflate", Some("deflate")),
            ("deflate, gzip", Some("deflate")),
            ("gzip, deflate, br", Some("gzip")),
            ("br, deflate;q=0.5, gzip;q=0.4", Some("deflate")),
            ("gzip;q=0.4,deflate;q=0.5", Some("deflate")),
            ("gzip ; q=0.5 , deflate ; q=0.4", Some("gzip")),
            ("gzip;q=0", None),
            ("gzip;q=0, *", Some("deflate")),
            ("*", Some("gzip")),
            ("*;q=0", None),
            ("*;q=0.1, deflate;q=0.1", Some("deflate")),
            ("identity, gzip;q=0.1", Some("gzip")),
            ("gzip;q=none", None),
            ("gzip;q=NaN", None),
            ("gzip;q=-1", None),
            ("gzip;q=0, gzip;q=0.5", Some("gzip")),
            (",;,;q=1, gzip", Some("gzip")),
        ] {
            let offered = &["gzip", "deflate"];
            assert_eq!(preferred(&[accepted], offered), expected, "{accepted:?}");
        }
        assert_eq!(preferred(&[], &["gzip"]), None);
        assert_eq!(
            preferred(&["br", "deflate"], &["gzip", "deflate"]),
            Some("deflate")
        );
    }

    #[test]
    fn the_first_encoding_wins_without_a_preference() {
        assert_eq!(preferred(&["*"], &["br", "gzip", "deflate"]), Some("br"));
        assert_eq!(preferred(&["*"], &["deflate", "gzip"]), Some("deflate"));
        assert_eq!(preferred(&["br;q=0, *"], &["br", "gzip"]), Some("gzip"));
        assert_eq!(preferred(&["gzip, br"], &["br", "gzip"]), Some("gzip"));
        assert_eq!(preferred(&["*"], &[]), None);
    }
}
