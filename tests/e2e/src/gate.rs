//! Where handlers wait until the test lets them go on.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Where handlers wait until the test lets them go on. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Returns when the gate is open, or this caller is one of those that are let through.
    pub async fn pass(&self) {
        // An error says that the gate is open for good.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }

    /// Lets so many through: of those who wait, or of those who come.
    pub fn let_through(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Opens the gate for good.
    pub fn open(&self) {
        self.0.close();
    }
}
