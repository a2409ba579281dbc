//! The arguments of the load generator.

use std::net::SocketAddrV4;
use std::str::FromStr;

use crate::error::LoadError;
use crate::network::MOST_PER_SOURCE;
use crate::scenario::Scenario;
use crate::variation::Variation;

/// The text of `--help`.
pub const USAGE: &str = "\
loadgen --url 127.0.0.1:PORT --scenario ack|bin|broadcast|connect|echo|inner|joins|polling|rooms

  --pid PID           the server's process, to read what it uses
  --conns N           connections (100; broadcast 1000; connect, joins and rooms 10000)
  --secs S            length of the measured window (5)
  --warmup S          load before the window (1)
  --settle S          pause between connecting and load (1)
  --payload BYTES     length of the string or binary argument (64)
  --inflight K        operations in flight per connection (1)
  --rate R            operations per second over all connections, on a schedule (closed loop; joins 1000)
  --broadcasts R      broadcasts per second during joins (10)
  --concurrency C     handshakes in flight (64)
  --rooms N           rooms per join or leave (5)
  --room-pool N       different rooms (1000)
  --active N          connections that join and leave (100); in joins additional ones
  --others N          additional connections that do not receive the broadcasts (broadcast: 0)
  --inner N           in-memory connections of clients in the server's process; in broadcast they do
                      not receive the broadcasts (inner 1000; broadcast 0)
  --brackets A,B      numbers of connections at which the cost is reported (connect, inner: the end)
  --per-source N      connections from one address, the first of which is 127.0.0.1 (5000)
  --with A,B          additional behavior of the clients, in connect, broadcast and echo:
                      deflate, namespace, recovery, rooms (connect), upgrade
  --words             the string consists of words, instead of the alphabet
  --path PATH         (/socket.io/)
  --no-spin           sleep while no socket is ready, instead of busy polling; yield on a schedule
  --doze              sleep on a schedule too, so operations start up to 0.2 ms late
  --label TEXT        repeated in the report";

/// The smallest message that servers compress by default, in bytes.
pub(crate) const LEAST_TO_COMPRESS: usize = 1024;
/// The default rate of joins per second, a small load for one core.
const JOINS_PER_SECOND: f64 = 1000.0;

/// The default number of in-memory connections.
const INNER_CONNECTIONS: usize = 1000;

/// The parsed arguments.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) active: usize,
    pub(crate) addr: SocketAddrV4,
    /// The numbers of connections at which the cost since the previous number is reported; ascending.
    pub(crate) brackets: Vec<usize>,
    /// Broadcasts per second, if they follow a schedule.
    pub(crate) broadcasts: f64,
    pub(crate) concurrency: usize,
    pub(crate) connections: usize,
    /// Whether a schedule sleeps until operations are due, at the cost of delays.
    pub(crate) doze: bool,
    pub(crate) inflight: usize,
    /// The number of in-memory connections to clients within the server's process.
    pub(crate) inner: usize,
    pub(crate) label: String,
    /// The number of connections that do not receive the broadcasts of the scenario.
    pub(crate) others: usize,
    pub(crate) path: String,
    pub(crate) payload: usize,
    /// The number of connections from one address: each needs a separate port.
    pub(crate) per_source: usize,
    pub(crate) pid: Option<u32>,
    /// Operations per second; `None` is the closed loop, in which an answer starts the next operation.
    pub(crate) rate: Option<f64>,
    pub(crate) room_pool: usize,
    pub(crate) rooms: usize,
    pub(crate) scenario: Scenario,
    pub(crate) seconds: f64,
    pub(crate) settle: f64,
    pub(crate) spin: bool,
    pub(crate) variation: Variation,
    pub(crate) warmup: f64,
    /// Whether the string argument consists of words, which can be compressed.
    pub(crate) words: bool,
}

impl Options {
    /// Parses the arguments without the name of the program. Returns `None` if they ask for [`USAGE`].
    ///
    /// # Errors
    /// For an unknown option, an invalid value, or an address that is not loopback.
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
                "--doze" => {
                    options.doze = true;
                    continue;
                }
                "--words" => {
                    options.words = true;
                    continue;
                }
                _ => {}
            }
            let Some(value) = arguments.next() else {
                return Err(LoadError::new(format!("{name} needs a value; see --help")));
            };
            match name.as_str() {
                "--active" => options.active = positive(&name, &value)?,
                "--broadcasts" => options.broadcasts = seconds(&name, &value)?,
                "--concurrency" => options.concurrency = positive(&name, &value)?,
                "--brackets" => options.brackets = ascending(&name, &value)?,
                "--conns" => connections = Some(positive(&name, &value)?),
                "--inner" => options.inner = positive(&name, &value)?,
                "--inflight" => options.inflight = positive(&name, &value)?,
                "--label" => options.label = value,
                "--others" => options.others = number(&name, &value)?,
                "--path" => options.path = value,
                "--payload" => options.payload = number(&name, &value)?,
                "--per-source" => options.per_source = positive(&name, &value)?,
                "--pid" => options.pid = Some(number(&name, &value)?),
                "--rate" => options.rate = Some(seconds(&name, &value)?).filter(|rate| *rate > 0.0),
                "--room-pool" => options.room_pool = positive(&name, &value)?,
                "--rooms" => options.rooms = positive(&name, &value)?,
                "--scenario" => options.scenario = value.parse()?,
                "--secs" => options.seconds = seconds(&name, &value)?,
                "--settle" => options.settle = seconds(&name, &value)?,
                "--url" => options.addr = loopback(&value)?,
                "--with" => options.variation = value.parse()?,
                "--warmup" => options.warmup = seconds(&name, &value)?,
                _ => return Err(LoadError::new(format!("unknown option {name}; see --help"))),
            }
        }
        options.connections = connections.unwrap_or(options.scenario.default_connections());
        options.check()?;
        if options.scenario == Scenario::Joins {
            options.rate = options.rate.or(Some(JOINS_PER_SECOND));
        }
        if options.scenario == Scenario::Inner && options.inner == 0 {
            options.inner = INNER_CONNECTIONS;
        }
        Ok(Some(options))
    }

    /// Rejects options that exclude each other.
    fn check(&self) -> Result<(), LoadError> {
        let on_schedule = [
            Scenario::Ack,
            Scenario::Bin,
            Scenario::Echo,
            Scenario::Joins,
        ];
        if self.rate.is_some() && !on_schedule.contains(&self.scenario) {
            return Err(LoadError::new(
                "--rate works with ack, bin, echo and joins; omit it",
            ));
        }
        if self.inflight > 1 && self.scenario == Scenario::Joins {
            return Err(LoadError::new(
                "--inflight does not work with joins; use more --active",
            ));
        }
        if self.others > 0 && self.scenario != Scenario::Broadcast {
            return Err(LoadError::new("--others works with broadcast; omit it"));
        }
        if self.inner > 0 && !matches!(self.scenario, Scenario::Broadcast | Scenario::Inner) {
            return Err(LoadError::new(
                "--inner works with broadcast and inner; omit it",
            ));
        }
        let in_brackets = matches!(self.scenario, Scenario::Connect | Scenario::Inner);
        if !self.brackets.is_empty() && !in_brackets {
            return Err(LoadError::new(
                "--brackets works with connect and inner; omit it",
            ));
        }
        if self.per_source > MOST_PER_SOURCE {
            return Err(LoadError::new(format!(
                "--per-source must not be above {MOST_PER_SOURCE}"
            )));
        }
        self.check_variation()
    }

    fn check_variation(&self) -> Result<(), LoadError> {
        let variable = [Scenario::Broadcast, Scenario::Connect, Scenario::Echo];
        if self.variation != Variation::default() && !variable.contains(&self.scenario) {
            return Err(LoadError::new(
                "--with works with connect, broadcast and echo; omit it",
            ));
        }
        if self.variation.rooms && self.scenario != Scenario::Connect {
            return Err(LoadError::new("--with rooms works with connect; omit it"));
        }
        if self.variation.deflate && self.payload < LEAST_TO_COMPRESS {
            return Err(LoadError::new(format!(
                "--with deflate needs a --payload from {LEAST_TO_COMPRESS} up: less is not compressed"
            )));
        }
        Ok(())
    }

    /// Returns the number of all connections.
    pub(crate) fn all_connections(&self) -> usize {
        self.connections + self.outside()
    }

    /// Returns the number of connections that are outside of the broadcast room at the start of the load.
    pub(crate) fn outside(&self) -> usize {
        match self.scenario {
            Scenario::Joins => self.active,
            _ => self.others,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            active: 100,
            addr: SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 3000),
            brackets: Vec::new(),
            broadcasts: 10.0,
            concurrency: 64,
            connections: 100,
            doze: false,
            inflight: 1,
            inner: 0,
            label: String::new(),
            others: 0,
            path: "/socket.io/".to_owned(),
            payload: 64,
            per_source: 5000,
            pid: None,
            rate: None,
            room_pool: 1000,
            rooms: 5,
            scenario: Scenario::Echo,
            seconds: 5.0,
            settle: 1.0,
            spin: true,
            variation: Variation::default(),
            warmup: 1.0,
            words: false,
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

/// Parses a list of ascending numbers.
fn ascending(name: &str, value: &str) -> Result<Vec<usize>, LoadError> {
    let numbers = value
        .split(',')
        .map(|text| positive(name, text))
        .collect::<Result<Vec<_>, _>>()?;
    if numbers.is_sorted_by(|one, next| one < next) {
        Ok(numbers)
    } else {
        Err(LoadError::new(format!(
            "{name} needs ascending numbers, not `{value}`"
        )))
    }
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

/// Parses the address of the server. Only the local machine may be loaded.
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
    fn the_scenario_sets_the_default_number_of_connections() {
        let options = parse("--conns 7 --scenario rooms").unwrap().unwrap();
        assert_eq!(options.connections, 7);
        let options = parse("--scenario broadcast").unwrap().unwrap();
        assert_eq!(options.connections, 1000);
    }

    #[test]
    fn only_loopback_addresses_are_accepted() {
        assert!(parse("--url http://127.0.0.1:4001/").is_ok());
        for url in ["192.0.2.1:80", "localhost:80", "127.0.0.1", "[::1]:80"] {
            let error = parse(&format!("--url {url}")).unwrap_err().to_string();
            assert!(error.ends_with(&format!("not `{url}`")), "{error}");
        }
    }

    #[test]
    fn invalid_arguments_are_rejected() {
        for line in [
            "--secs",
            "--secs x",
            "--secs -1",
            "--secs inf",
            "--nothing 1",
            "--scenario no",
            "--scenario connect --brackets 2,1",
            "--scenario connect --brackets 2,2",
            "--scenario echo --brackets 2",
            "--scenario echo --others 2",
            "--scenario echo --inner 2",
            "--scenario connect --per-source 6001",
            "--scenario echo --with nothing",
            "--scenario echo --with deflate",
            "--scenario echo --with rooms",
            "--scenario ack --with recovery",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("--scenario rooms --rate 100").is_err());
        assert!(parse("--scenario joins --inflight 2").is_err());
        assert!(parse("--with deflate,upgrade,recovery --payload 1024").is_ok());
        assert!(parse("--help").unwrap().is_none());
    }
}
