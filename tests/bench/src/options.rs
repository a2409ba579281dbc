//! The command line.

use std::net::SocketAddrV4;
use std::str::FromStr;

use crate::error::LoadError;
use crate::scenario::Scenario;

/// The text of `--help`.
pub const USAGE: &str = "\
loadgen --url 127.0.0.1:PORT --scenario ack|bin|broadcast|connect|echo|polling|rooms

  --pid PID           the server's process, to read what it uses
  --conns N           connections (100; broadcast 1000; connect and rooms 10000)
  --secs S            length of the measured window (5)
  --warmup S          load before the window (1)
  --settle S          rest between connecting and load (1)
  --payload BYTES     length of the string or binary argument (64)
  --inflight K        operations in flight per connection (1)
  --rate R            operations per second over all connections, on a schedule (closed loop)
  --concurrency C     handshakes in flight (64)
  --rooms N           rooms per join or leave (5)
  --room-pool N       different rooms (1000)
  --active N          connections that join and leave (100)
  --path PATH         (/socket.io/)
  --no-spin           sleep while nothing is ready, instead of busy polling
  --label TEXT        repeated in the report";

/// What to measure, and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) active: usize,
    pub(crate) addr: SocketAddrV4,
    pub(crate) concurrency: usize,
    pub(crate) connections: usize,
    pub(crate) inflight: usize,
    pub(crate) label: String,
    pub(crate) path: String,
    pub(crate) payload: usize,
    pub(crate) pid: Option<u32>,
    /// Operations per second; `None` is the closed loop, where an answer causes the next operation.
    pub(crate) rate: Option<f64>,
    pub(crate) room_pool: usize,
    pub(crate) rooms: usize,
    pub(crate) scenario: Scenario,
    pub(crate) seconds: f64,
    pub(crate) settle: f64,
    pub(crate) spin: bool,
    pub(crate) warmup: f64,
}

impl Options {
    /// Reads the arguments, without the program's name. `None` asks for [`USAGE`].
    ///
    /// # Errors
    /// For an unknown option, a value that is none, or an address that is not loopback.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, LoadError> {
        let mut options = Self::default();
        let mut connections = None;
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            match name.as_str() {
                "-h" | "--help" => return Ok(None),
                "--no-spin" => {
                    options.spin = false;
                    continue;
                }
                _ => {}
            }
            let Some(value) = arguments.next() else {
                return Err(LoadError::new(format!("{name} needs a value; see --help")));
            };
            match name.as_str() {
                "--active" => options.active = positive(&name, &value)?,
                "--concurrency" => options.concurrency = positive(&name, &value)?,
                "--conns" => connections = Some(positive(&name, &value)?),
                "--inflight" => options.inflight = positive(&name, &value)?,
                "--label" => options.label = value,
                "--path" => options.path = value,
                "--payload" => options.payload = number(&name, &value)?,
                "--pid" => options.pid = Some(number(&name, &value)?),
                "--rate" => options.rate = Some(seconds(&name, &value)?).filter(|rate| *rate > 0.0),
                "--room-pool" => options.room_pool = positive(&name, &value)?,
                "--rooms" => options.rooms = positive(&name, &value)?,
                "--scenario" => options.scenario = value.parse()?,
                "--secs" => options.seconds = seconds(&name, &value)?,
                "--settle" => options.settle = seconds(&name, &value)?,
                "--url" => options.addr = loopback(&value)?,
                "--warmup" => options.warmup = seconds(&name, &value)?,
                _ => return Err(LoadError::new(format!("unknown option {name}; see --help"))),
            }
        }
        options.connections = connections.unwrap_or(options.scenario.default_connections());
        let on_schedule = [Scenario::Ack, Scenario::Bin, Scenario::Echo];
        if options.rate.is_some() && !on_schedule.contains(&options.scenario) {
            return Err(LoadError::new(
                "--rate works with ack, bin and echo; leave it out",
            ));
        }
        Ok(Some(options))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            active: 100,
            addr: SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 3000),
            concurrency: 64,
            connections: 100,
            inflight: 1,
            label: String::new(),
            path: "/socket.io/".to_owned(),
            payload: 64,
            pid: None,
            rate: None,
            room_pool: 1000,
            rooms: 5,
            scenario: Scenario::Echo,
            seconds: 5.0,
            settle: 1.0,
            spin: true,
            warmup: 1.0,
        }
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, LoadError> {
    value
        .parse()
        .map_err(|_| LoadError::new(format!("{name} needs a number, not `{value}`")))
}

fn positive(name: &str, value: &str) -> Result<usize, LoadError> {
    number::<usize>(name, value).map(|number| number.max(1))
}

fn seconds(name: &str, value: &str) -> Result<f64, LoadError> {
    let value = number::<f64>(name, value)?;
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(LoadError::new(format!(
            "{name} needs a number from 0 up, not `{value}`"
        )))
    }
}

/// Load belongs to one's own machine.
fn loopback(url: &str) -> Result<SocketAddrV4, LoadError> {
    let bare = url
        .trim_start_matches("http://")
        .trim_start_matches("ws://")
        .trim_end_matches('/');
    match bare.parse::<SocketAddrV4>() {
        Ok(addr) if addr.ip().is_loopback() => Ok(addr),
        _ => Err(LoadError::new(format!(
            "--url must be 127.0.0.1:PORT, not `{url}`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>, LoadError> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_number_of_connections_follows_the_scenario_unless_it_is_given() {
        let options = parse("--conns 7 --scenario rooms").unwrap().unwrap();
        assert_eq!(options.connections, 7);
        let options = parse("--scenario broadcast").unwrap().unwrap();
        assert_eq!(options.connections, 1000);
    }

    #[test]
    fn only_loopback_is_loaded() {
        assert!(parse("--url http://127.0.0.1:4001/").is_ok());
        for url in ["192.0.2.1:80", "localhost:80", "127.0.0.1", "[::1]:80"] {
            let error = parse(&format!("--url {url}")).unwrap_err().to_string();
            assert!(error.ends_with(&format!("not `{url}`")), "{error}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for line in [
            "--secs",
            "--secs x",
            "--secs -1",
            "--secs inf",
            "--nothing 1",
            "--scenario no",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("--scenario rooms --rate 100").is_err());
        assert!(parse("--help").unwrap().is_none());
    }
}
