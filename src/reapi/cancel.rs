//! Cancel: a flag by which one thread ends what another waits for.

use tokio_util::sync::CancellationToken;

/// A flag that is raised once. Its clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(CancellationToken);

impl Cancel {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it, from any thread.
    pub fn fire(&self) {
        self.0.cancel();
    }

    /// Whether it is raised.
    pub fn is_fired(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is raised.
    pub(super) async fn fired(&self) {
        self.0.cancelled().await;
    }
}
