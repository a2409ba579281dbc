//! Decides when the acknowledgements of a broadcast are complete.

/// The numbers of expected and received reports and answers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    servers_expected: Option<usize>,
    servers_reported: usize,
    sockets_expected: usize,
    sockets_done: usize,
}

impl Tally {
    pub(super) fn expect_servers(&mut self, servers: usize) {
        self.servers_expected = Some(servers);
    }

    pub(super) fn server_reported(&mut self, sockets: usize) {
        self.servers_reported = self.servers_reported.saturating_add(1);
        self.sockets_expected = self.sockets_expected.saturating_add(sockets);
    }

    /// Counts a socket that has answered or left, possibly before the report of its server.
    pub(super) fn socket_done(&mut self) {
        self.sockets_done = self.sockets_done.saturating_add(1);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.servers_expected
            .is_some_and(|expected| self.servers_reported >= expected)
            && self.sockets_done >= self.sockets_expected
    }

    /// Returns the number of servers that have not reported: 1 while their number is unknown.
    pub(super) fn missing_servers(&self) -> usize {
        match self.servers_expected {
            Some(expected) => expected.saturating_sub(self.servers_reported),
            None => 1,
        }
    }

    pub(super) fn missing_sockets(&self) -> usize {
        self.sockets_expected.saturating_sub(self.sockets_done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_overtake_the_report_of_its_server() {
        let mut tally = Tally::default();
        tally.expect_servers(2);
        tally.socket_done();
        tally.server_reported(0);
        assert!(!tally.is_complete());
        tally.server_reported(2);
        assert_eq!((tally.missing_servers(), tally.missing_sockets()), (0, 1));
        tally.socket_done();
        assert!(tally.is_complete());
    }

    #[test]
    fn a_tally_is_incomplete_until_the_number_of_servers_is_known() {
        let mut tally = Tally::default();
        tally.server_reported(0);
        assert!(!tally.is_complete());
        assert_eq!(tally.missing_servers(), 1);
        tally.expect_servers(1);
        assert!(tally.is_complete());
    }

    #[test]
    fn huge_counts_saturate() {
        let mut tally = Tally::default();
        tally.expect_servers(2);
        tally.server_reported(usize::MAX);
        tally.server_reported(usize::MAX);
        tally.socket_done();
        assert_eq!(tally.missing_sockets(), usize::MAX - 1);
    }
}
