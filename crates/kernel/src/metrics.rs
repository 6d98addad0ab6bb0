//! Figures for Prometheus. A file that counts declares its figures at its top:
//! `static SIGN_INS: LazyLock<IntCounterVec> = LazyLock::new(|| metrics::counters(…))`.

use std::sync::LazyLock;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, Opts, Registry, TextEncoder};

pub use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);

fn register<C: Collector + Clone + 'static>(figure: prometheus::Result<C>) -> C {
    // Names and labels are literals: a wrong one fails the first test that comes by.
    let figure = figure.expect("a name that Prometheus accepts");
    if let Err(error) = REGISTRY.register(Box::new(figure.clone())) {
        tracing::error!(%error, "a figure is not on /metrics");
    }
    figure
}

/// A count that only rises.
pub fn counter(name: &str, help: &str) -> IntCounter {
    register(IntCounter::new(name, help))
}

/// Counts that only rise, told apart by `labels`; their values are few and known.
pub fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(IntCounterVec::new(Opts::new(name, help), labels))
}

/// A figure that rises and falls.
pub fn gauge(name: &str, help: &str) -> IntGauge {
    register(IntGauge::new(name, help))
}

/// Figures that rise and fall, told apart by `labels`.
pub fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    register(IntGaugeVec::new(Opts::new(name, help), labels))
}

/// How values spread over `buckets` (upper bounds, rising).
pub fn histogram(name: &str, help: &str, buckets: Vec<f64>) -> Histogram {
    register(Histogram::with_opts(
        HistogramOpts::new(name, help).buckets(buckets),
    ))
}

/// How values spread, told apart by `labels`.
pub fn histograms(name: &str, help: &str, labels: &[&str], buckets: Vec<f64>) -> HistogramVec {
    register(HistogramVec::new(
        HistogramOpts::new(name, help).buckets(buckets),
        labels,
    ))
}

/// Everything counted so far, in Prometheus' text format.
pub fn text() -> String {
    TextEncoder::new()
        .encode_to_string(&REGISTRY.gather())
        .unwrap_or_default()
}
