//! Which compression a client likes best.

use std::cmp::Reverse;

use http::header::{self, HeaderMap};

/// Of these encodings the one that a client likes best (`Accept-Encoding`), if it wants any.
///
/// The rules are those of Node's servers: quality counts first, then whether the encoding is named
/// or only meant by `*`, then the order in the header, and at last the order here. Being named says
/// more than `*`, so that an encoding can be excluded.
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
pub fn preferred_encoding<'a>(request: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let values = request.get_all(header::ACCEPT_ENCODING);
    let accepted = values.iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<Accepted<'_>> = accepted
        .flat_map(|value| value.split(','))
        .map(Accepted::parse)
        .collect();
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

/// One entry of the header.
struct Accepted<'a> {
    name: &'a str,
    /// In thousandths, which is as exact as HTTP has it.
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
            // What is out of range, or no number, saturates.
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

    /// Each is what the npm package `accepts` answers.
    #[test]
    fn the_client_has_its_choice() {
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
    fn where_the_client_does_not_care_the_first_wins() {
        assert_eq!(preferred(&["*"], &["br", "gzip", "deflate"]), Some("br"));
        assert_eq!(preferred(&["*"], &["deflate", "gzip"]), Some("deflate"));
        assert_eq!(preferred(&["br;q=0, *"], &["br", "gzip"]), Some("gzip"));
        assert_eq!(preferred(&["gzip, br"], &["br", "gzip"]), Some("gzip"));
        assert_eq!(preferred(&["*"], &[]), None);
    }
}
