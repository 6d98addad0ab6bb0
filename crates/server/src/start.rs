//! From settings to a running server.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::middleware::{from_fn_with_state, map_request};
use channels::Channels;
use floor::Floor;
use kernel::app::host_name;
use kernel::{App, Capability, Clock, Config, Migration};
use notices::Notices;
use organization::Organization;
use std::sync::Arc;
use telephony::Telephony;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::attendance::SignedDays;
use crate::callee::Callees;
use crate::checked::Checked;
use crate::house::{Approved, Closed, TheHouse};
use crate::learned::into_staff_files;
use crate::lessons::Lessons;
use crate::papers::Papers;
use crate::reviewed::Reviewed;
use crate::scripts::Scripts;
use crate::tls::{self, TlsListener};
use crate::wiring::{
    Agents, Blocks, Callers, Devices, HandingBack, Hours, InOrder, LeftBehind, MaySignIn, MayWork,
    OnDuty, OnPost, Suspected, Texts, TheSite, forgets, off_the_line,
};
use crate::{
    asked, backup, console, contract, demo, performance, public, reporting, topics, waiting,
};

/// How the server is to run.
pub struct Options {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Fill an empty database with demo people.
    pub demo: bool,
}

/// A server that runs.
pub struct Running {
    /// Where the console listens.
    pub http: SocketAddr,
    /// Where SIP listens (UDP and TCP).
    pub sip: SocketAddr,
    /// Numbers that the public calls.
    pub hotline: Vec<String>,
    /// The shared services.
    pub app: App,
    secure: bool,
    demo: bool,
    serving: JoinHandle<()>,
}

/// The tables of every capability.
pub fn migrations() -> Vec<Migration> {
    let mut all = kernel::migrations();
    all.extend(organization::migrations());
    all.extend(requesters::migrations());
    all.extend(floor::migrations());
    all.extend(telephony::migrations());
    all.extend(tickets::migrations());
    all.extend(notices::migrations());
    all.extend(knowledge::migrations());
    all.extend(channels::migrations());
    all.extend(personnel::migrations());
    all.extend(learning::migrations());
    all.extend(liaison::migrations());
    all.extend(workforce::migrations());
    all.extend(settlement::migrations());
    all.extend(quality::migrations());
    all.extend(analytics::migrations());
    all.extend(carry::migrations());
    all
}

/// Brings the database to the schema of this binary; gives the ids applied now.
pub async fn migrate(config: Config, clock: Clock) -> Result<Vec<&'static str>> {
    let app = App::open(config, clock).await?;
    Ok(kernel::migrate::migrate(&app.db, &app.clock, migrations()).await?)
}

/// Starts everything; it serves when this returns.
pub async fn start(options: Options) -> Result<Running> {
    let Options {
        config,
        clock,
        demo,
    } = options;
    let listen: SocketAddr = config
        .get::<String>("http.listen")?
        .parse()
        .context("http.listen")?;
    let app = App::open(config, clock).await?;
    kernel::migrate::migrate(&app.db, &app.clock, migrations()).await?;

    let organization = Organization::new(&app)?;
    organization.prepare().await?;
    personnel::prepare(&app).await?;
    quality::prepare(&app).await?;
    analytics::reports::prepare(&app).await?;
    let tcp = bind(listen).await?;
    let secure = is_secure(&app, listen)?;
    let mut platforms = None;
    if demo {
        organization::demo::seed(&app).await?;
        knowledge::demo::seed(&app).await?;
        personnel::demo::seed(&app).await?;
        learning::demo::seed(&app).await?;
        if app.config.get("service.demo_dealings")? {
            liaison::demo::seed(&app).await?;
        }
        let http = if secure {
            None
        } else {
            Some(tcp.local_addr()?)
        };
        platforms = Some(demo::Platforms::open(&app, http).await?);
    } else {
        let people = organization::colleagues::anybody(app.db.read()).await?;
        anyhow::ensure!(
            people,
            "nobody can sign in yet: run `shoujie setup` first, or start with --demo"
        );
        organization.refuse_demo_secrets().await?;
    }
    let floor = Floor::new(&app, Arc::new(Agents(app.clone())));
    // Nobody hears yet what the demo's story tells: it is over.
    if demo && app.config.get("service.demo_dealings")? {
        demo::month::seed(&app, &floor).await?;
        demo::quality::seed(&app).await?;
    }
    if demo && app.config.get("service.demo_figures")? {
        demo::contacts::seed(&app).await?;
        demo::topics::seed(&app, &organization).await?;
        demo::performance::seed(&app).await?;
    }
    if demo && app.config.get("service.demo_dealings")? {
        demo::reports::seed(&app).await?;
    }
    floor.attach_wrap_up_gate(tickets::wrap_up_gate(&app));
    floor.attach_work_gate(Arc::new(MayWork(app.clone())));
    app.secrets.attach(Arc::new(Suspected(app.clone())));
    organization.attach_activation(Arc::new(MaySignIn(app.clone())));
    organization.attach_presence(Arc::new(OnPost::new(&app, &floor)?));
    let telephony = Telephony::new(&app, &floor, demo)?;
    let always_open = app.config.get("service.always_open")?;
    telephony.attach_hours(Arc::new(Hours {
        organization: organization.clone(),
        always_open,
    }));
    telephony.attach_blocks(Arc::new(Blocks(app.clone())));
    telephony.attach_callers(Arc::new(Callers(app.clone())));
    telephony
        .outbound()
        .attach_house(Arc::new(Callees(app.clone())));

    let nightly = backup::nightly::job(&app)?;
    let notices = Notices::new(&app)?;
    notices.attach_duty(Arc::new(OnDuty(app.clone())));
    let channels = Channels::new(&app, &floor)?;
    channels.attach_house(Arc::new(TheHouse::new(&app, &organization, always_open)));
    let mut capabilities = capabilities(
        &app,
        &organization,
        &floor,
        &telephony,
        &notices,
        &channels,
        demo,
    )?;
    capabilities.push(Capability {
        name: "backup",
        jobs: nightly.into_iter().collect(),
        ..Capability::default()
    });
    let frames = console::Frames::from_config(&app.config)?;
    let mut outside = Router::new().fallback(console::serve).with_state(frames);
    if let Some(platforms) = &platforms {
        outside = outside.merge(platforms.routes());
    }
    let sign_in = organization.clone();
    let assembled = kernel::mount(&app, capabilities, outside, |router| {
        router.layer(from_fn_with_state(sign_in, organization::sign_in_layer))
    })?;
    // Jobs and handlers ask who is on post.
    floor.start().await?;
    kernel::run(&app).await?;
    notices.start().await?;
    telephony.start(Arc::new(Devices(app.clone()))).await?;
    channels.start().await?;

    if let Some(platforms) = platforms {
        platforms.serve(&app, assembled.router.clone());
    }
    let (http, serving) = serve_http(&app, listen, tcp, secure, assembled.router)?;
    Ok(Running {
        http,
        sip: telephony.stack()?.address(),
        hotline: telephony.settings().sip.hotline_numbers.clone(),
        app,
        secure,
        demo,
        serving,
    })
}

fn capabilities(
    app: &App,
    organization: &Organization,
    floor: &Floor,
    telephony: &Telephony,
    notices: &Notices,
    channels: &Channels,
    demo: bool,
) -> kernel::Result<Vec<Capability>> {
    let papers = Arc::new(Papers::new(app));
    let mut parts = vec![
        kernel::capability(app),
        organization::capability(organization),
        requesters::capability(app, Arc::new(Texts(channels.clone())), forgets().into()),
        floor::capability(floor),
        telephony::capability(telephony),
        tickets::capability(app, Arc::new(Approved(app.clone()))),
        notices::capability(notices),
        knowledge::capability(app, Arc::new(Closed(app.clone())))?,
        channels::capability(channels),
        personnel::capability(app, Arc::new(LeftBehind(app.clone()))),
        carry::capability(
            app,
            Arc::new(HandingBack::new(telephony, Arc::clone(&papers))),
        ),
        learning::capability(app, Arc::new(Lessons(app.clone()))),
        settlement::capability(
            app,
            settlement::Ports {
                attendance: Arc::new(SignedDays(app.clone())),
                facts: Arc::new(InOrder(app.clone())),
                printer: papers.clone(),
            },
        ),
        liaison::capability(app, Arc::new(Scripts(app.clone())), papers.clone()),
        workforce::capability(
            app,
            Arc::new(TheSite {
                app: app.clone(),
                floor: floor.clone(),
            }),
        ),
        quality::capability(
            app,
            quality::Ports {
                contacts: Arc::new(Reviewed(app.clone())),
                coaching: Arc::new(Reviewed(app.clone())),
                transcripts: quality::TranscriptSettings::from_config(app)?,
            },
        ),
        analytics::capability(
            app,
            analytics::Ports {
                samples: Arc::new(Checked(app.clone())),
                contacts: Arc::new(topics::Written {
                    app: app.clone(),
                    organization: organization.clone(),
                }),
                spawns: Arc::new(topics::Made(app.clone())),
                indicators: Arc::new(performance::Measures(app.clone())),
            },
        ),
        analytics::reports::capability(app, reporting::ports(app, papers)),
    ];
    let kinds = parts.iter().flat_map(|part| part.waiting.clone()).collect();
    let evidence = parts
        .iter()
        .flat_map(|part| part.evidence.clone())
        .collect();
    let mut permissions = waiting::permissions();
    permissions.extend(contract::permissions());
    let routes = public::routes(app, demo)
        .merge(asked::routes(app, telephony))
        .merge(waiting::routes(app, kinds))
        .merge(contract::routes(app, evidence));
    parts.push(Capability {
        name: "server",
        permissions,
        routes,
        event_handlers: vec![off_the_line(app, floor), into_staff_files(app)],
        ..Capability::default()
    });
    Ok(parts)
}

async fn bind(listen: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen on {listen}"))
}

/// Plain HTTP on loopback, where browsers trust it; HTTPS anywhere else or where a certificate is given.
fn is_secure(app: &App, listen: SocketAddr) -> Result<bool> {
    let certificate: String = app.config.get("http.tls_certificate")?;
    Ok(!certificate.is_empty() || !listen.ip().is_loopback())
}

fn serve_http(
    app: &App,
    listen: SocketAddr,
    tcp: TcpListener,
    secure: bool,
    router: Router,
) -> Result<(SocketAddr, JoinHandle<()>)> {
    let http = tcp.local_addr()?;
    let stop = app.shutdown.clone().cancelled_owned();
    let serving = if secure {
        let data_dir: PathBuf = app.config.get("data_dir")?;
        let names = vec!["localhost".to_owned(), host_name(), listen.ip().to_string()];
        let (certificate, key) = tls::certificate(
            &app.config.get::<String>("http.tls_certificate")?,
            &app.config.get::<String>("http.tls_key")?,
            &data_dir,
            names,
        )?;
        let listener = TlsListener::new(tcp, &certificate, &key, app.clock.clone())?;
        let router = router.layer(map_request(tls::tell_address));
        let service = router.into_make_service_with_connect_info::<tls::Peer>();
        tokio::spawn(async move {
            ended(
                axum::serve(listener, service)
                    .with_graceful_shutdown(stop)
                    .await,
            );
        })
    } else {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(
            async move { ended(axum::serve(tcp, service).with_graceful_shutdown(stop).await) },
        )
    };
    Ok((http, serving))
}

fn ended(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "the HTTP server ended");
    }
}

impl Running {
    /// Says where to go and, in the demo, who to be.
    pub fn print_addresses(&self) {
        let scheme = if self.secure { "https" } else { "http" };
        let console = if self.http.ip().is_unspecified() {
            // Nobody can open 0.0.0.0.
            format!("{scheme}://{}:{}", host_name(), self.http.port())
        } else {
            format!("{scheme}://{}", self.http)
        };
        println!("console  {console}");
        if self.http.ip().is_loopback() {
            println!(
                "         {scheme}://localhost:{}  (a second sign-in beside the first)",
                self.http.port()
            );
        }
        for number in &self.hotline {
            println!("SIP      sip:{number}@{}  (UDP and TCP)", self.sip);
        }
        if self.secure {
            println!(
                "the certificate is self-signed unless http.tls_certificate names one; browsers ask once"
            );
        }
        if self.demo {
            println!("chat as a requester: {console}/site/");
            println!(
                "\ndemo sign-ins, password {}:",
                organization::demo::PASSWORD
            );
            for person in organization::demo::PEOPLE {
                println!(
                    "  {:<12} {}  {}",
                    person.username,
                    organization::role_name(person.role),
                    person.name
                );
            }
        }
    }

    /// Serves until the process is told to stop, then ends gracefully.
    pub async fn until_stopped(self) {
        self.app.until_told_to_stop().await;
        self.stop().await;
    }

    /// Ends open calls as interrupted, waits for what is under way and closes the database.
    pub async fn stop(self) {
        self.app.stop().await;
        // A browser may keep its event stream open for good.
        self.serving.abort();
    }
}
