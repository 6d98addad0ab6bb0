//! What the server logs as an error while a test runs.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The errors logged since [`listen`], in words.
#[derive(Clone, Default)]
pub struct Errors(Arc<Mutex<Vec<String>>>);

impl Errors {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut words = Words(event.metadata().target().to_owned());
            event.record(&mut words);
            self.0.lock().unwrap().push(words.0);
        }
    }
}

/// Listens for the rest of the process; only the first caller of a process hears.
pub fn listen() -> Errors {
    let errors = Errors::default();
    // Under `cargo test` the scenarios share a process and its one subscriber.
    let _ = tracing_subscriber::registry()
        .with(errors.clone())
        .try_init();
    errors
}
