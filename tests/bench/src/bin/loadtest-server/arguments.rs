//! The arguments of the measured server.

use socketio::PerMessageDeflate;

/// The text for invalid arguments.
pub(crate) const USAGE: &str = "\
usage: loadtest-server PORT [OPTIONS]

  PORT                0 for any free port; the address is printed
  current             one thread, instead of one per core
  --deflate           permessage-deflate with its defaults
  --deflate-alone     permessage-deflate without references to earlier messages
  --inner             the generator can create clients in this process
  --recovery          connection state recovery
  --unpinged          clients are pinged once a day";

/// The parsed arguments.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) one_thread: bool,
    pub(crate) deflate: Option<PerMessageDeflate>,
    pub(crate) inner: bool,
    pub(crate) recovery: bool,
    pub(crate) unpinged: bool,
}

impl Arguments {
    /// Parses the arguments without the name of the program. Returns `None` if they are invalid.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut parsed = Self {
            port: arguments.next()?.parse().ok()?,
            ..Self::default()
        };
        for argument in arguments {
            match argument.as_str() {
                "current" => parsed.one_thread = true,
                "multi" => parsed.one_thread = false,
                "--deflate" => parsed.deflate = Some(PerMessageDeflate::default()),
                "--deflate-alone" => {
                    let alone = PerMessageDeflate::default()
                        .server_no_context_takeover(true)
                        .client_no_context_takeover(true);
                    parsed.deflate = Some(alone);
                }
                "--inner" => parsed.inner = true,
                "--recovery" => parsed.recovery = true,
                "--unpinged" => parsed.unpinged = true,
                _ => return None,
            }
        }
        Some(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Arguments> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn known_arguments_are_accepted() {
        let plain = parse("4001").unwrap();
        assert_eq!((plain.port, plain.one_thread), (4001, false));
        let all = parse("0 current --deflate --inner --recovery --unpinged").unwrap();
        assert!(all.one_thread && all.recovery && all.inner && all.unpinged);
        assert!(!plain.inner && !plain.unpinged);
        assert_eq!(all.deflate, Some(PerMessageDeflate::default()));
        assert_ne!(parse("0 --deflate-alone").unwrap().deflate, all.deflate);
    }

    #[test]
    fn other_arguments_are_rejected() {
        for line in ["", "x", "65536", "0 --nothing"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
