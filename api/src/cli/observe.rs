//! What a process tells of itself while it runs: its log, and, where `otlp_endpoint` is set, the spans of its requests.

use std::{io::IsTerminal, time::Duration};

use async_trait::async_trait;
use opentelemetry::{KeyValue, global, trace::TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use secrecy::ExposeSecret;
use tokio::runtime::Handle;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, Targets, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    config::{Config, LogFormat},
    kernel::trace::TARGET,
};

/// How long the collector has to take a batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// What has been set up; to be [ended](Self::end) with the process.
#[derive(Debug)]
pub struct Observation {
    spans: Option<SdkTracerProvider>,
}

impl Observation {
    /// Sets it up for the process.
    ///
    /// # Errors
    /// Where spans can't be exported as the settings have it.
    pub fn begin(config: &Config) -> Result<Self, Box<dyn std::error::Error>> {
        let spans = config
            .otlp_endpoint
            .as_ref()
            .map(|endpoint| exporting(config, endpoint.expose_secret()))
            .transpose()?;
        let exported = spans.as_ref().map(|spans| {
            let tracer = spans.tracer("opsgate");
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_location(false)
                .with_target(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(Targets::new().with_target(TARGET, Level::DEBUG))
        });
        tracing_subscriber::registry().with(log(config)).with(exported).try_init()?;
        Ok(Self { spans })
    }

    /// Sends what is still to be sent.
    pub async fn end(self) {
        let Some(spans) = self.spans else { return };
        // It blocks until the runtime has sent it.
        let ended = tokio::task::spawn_blocking(move || spans.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last spans couldn't be exported");
        }
    }
}

/// The log goes to standard error; standard output is for what was asked for.
fn log<S>(config: &Config) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span> + Send + Sync,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Pretty => lines.boxed(),
    };
    // Told that the second has no say in levels, the two know the most that is ever logged: what lies below costs its
    // callers a comparison.
    let fit = filter_fn(is_fit_to_log).with_max_level_hint(LevelFilter::TRACE);
    lines.with_filter(EnvFilter::new(&config.log).and(fit))
}

/// Below INFO, libraries tell what goes through them: frames, headers, URLs with their passwords. That is nobody's to read,
/// whatever the filter says.
fn is_fit_to_log(metadata: &Metadata<'_>) -> bool {
    let is_ours = metadata.target().starts_with("opsgate") || metadata.target().starts_with("migration");
    is_ours || (metadata.is_event() && *metadata.level() <= Level::INFO)
}

/// Exports spans to the collector at `endpoint`: in batches, from a thread of its own, dropping what it can't get rid of.
fn exporting(config: &Config, endpoint: &str) -> Result<SdkTracerProvider, Box<dyn std::error::Error>> {
    let client =
        Client { http: reqwest::Client::builder().timeout(PATIENCE).build()?, runtime: Handle::current() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(PATIENCE)
        .build()?;
    let resource = Resource::builder()
        .with_service_name("opsgate")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("deployment.environment.name", config.environment.clone()),
        ])
        .build();
    let share = f64::from(config.otlp_sample_percent) / 100.0;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        // Whoever sends a trace along has decided already.
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
        .with_resource(resource)
        .build();
    global::set_tracer_provider(provider.clone());
    Ok(provider)
}

/// The exporter's thread has no runtime: what it sends is sent by ours.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        self.runtime.spawn(async move { http.send_bytes(request).await }).await?
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::Registry;

    use super::*;
    use crate::config::Overrides;

    #[test]
    fn what_is_not_logged_costs_a_comparison() {
        let log = log::<Registry>(&Config::assemble(None, [], &Overrides::default()).unwrap());
        assert_eq!(log.max_level_hint(), Some(LevelFilter::INFO));
    }
}
