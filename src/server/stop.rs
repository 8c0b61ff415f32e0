//! The order to stop: given once, seen by everybody who holds a [`Stop`].

use std::time::Duration;

use tokio::sync::watch;

/// Gives the order.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

/// Waits for the order.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// A stopper and what its order reaches.
pub(crate) fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Tells everybody to stop. Telling twice changes nothing.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when the order was given, or when nobody is left who could give it.
    pub(crate) async fn ordered(&mut self) {
        let _ = self.0.wait_for(|ordered| *ordered).await;
    }

    /// Waits at most this long; answers whether the order came.
    pub(crate) async fn ordered_within(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.ordered()).await.is_ok()
    }
}
