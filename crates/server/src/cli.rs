//! The subcommands.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use carry::export;
use clap::{Parser, Subcommand};
use kernel::audit::Who;
use kernel::{App, Clock, Config};
use server::backup::{self, Place, restore};
use server::plan::{self, PlanCommand};
use server::user::{self, UserCommand};
use server::{Options, setup};
use telephony::{caller, phone};

/// Shoujie (首接): the system a public-service hotline runs on.
#[derive(Parser)]
#[command(name = "shoujie", version)]
struct Cli {
    /// Settings that differ from config.default.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve {
        /// Fill an empty database with demo people and open the line to this machine's phones.
        #[arg(long)]
        demo: bool,
    },
    /// Prepare an empty machine: parties, administrators, service hours, seats and a trunk.
    Setup {
        /// Read the answers from this file instead of asking.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Bring the database to the schema of this binary.
    Migrate,
    /// Help for people who cannot sign in.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Place a test call; exits 0 when it was answered.
    Call(caller::Args),
    /// Be a test phone of an agent; exits 0 when it answered a call.
    Phone(phone::Args),
    /// Copy everything into a new folder while the server runs.
    Backup {
        /// The folder that holds the backups; that of the settings when not given.
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
    /// Bring a backup into an empty place and compare rows and hashes.
    Restore {
        /// The folder of one backup.
        from: PathBuf,
    },
    /// Hand everything over at the contract's end: JSON Lines, CSV, files and a manifest in a new folder.
    Export {
        /// The folder; one that was left in the middle is begun anew.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Rosters, forecasts and staffing from files, without a server.
    Plan {
        #[command(subcommand)]
        command: PlanCommand,
    },
    /// The audit trail.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check the hash chain; names the first broken row.
    Verify,
}

/// Runs the subcommand of the command line.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    match command(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("shoujie: {error:#}");
            let problem = error.downcast_ref::<kernel::Problem>();
            if let Some(way_out) = problem.and_then(|problem| problem.way_out.as_ref()) {
                eprintln!("way out: {way_out}");
            }
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SHOUJIE_LOG")
        .unwrap_or_else(|_| "warn,server=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // The journal shows colours as noise.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

async fn command(cli: Cli) -> Result<ExitCode> {
    let clock = Clock::system();
    match cli.command {
        Command::Serve { demo } => {
            let defaults = if demo { server::demo::DEFAULTS } else { "" };
            let config = Config::load_over(defaults, cli.config.as_deref())?;
            let running = server::start(Options {
                config,
                clock,
                demo,
            })
            .await?;
            running.print_addresses();
            running.until_stopped().await;
        }
        Command::Setup { from } => {
            setup::run(cli.config.as_deref(), from.as_deref(), &clock).await?;
        }
        Command::Migrate => {
            for id in server::migrate(Config::load(cli.config.as_deref())?, clock).await? {
                println!("{id}");
            }
        }
        Command::User { command } => {
            user::run(&open(cli.config.as_deref(), clock).await?, command).await?;
        }
        Command::Call(args) => return Ok(caller::run(args).await.into()),
        Command::Phone(args) => return Ok(phone::run(args).await.into()),
        Command::Backup { into } => {
            let app = open(cli.config.as_deref(), clock).await?;
            let into = match into {
                Some(into) => into,
                None => backup::folder(&app.config)?,
            };
            let folder = backup::backup(&app, &Who::system("cli"), &into).await?;
            println!("{}", folder.display());
        }
        Command::Restore { from } => {
            let place = Place::of(&Config::load(cli.config.as_deref())?)?;
            let comparison = restore::restore(&from, &place).await?;
            comparison
                .lines()
                .iter()
                .for_each(|line| println!("{line}"));
            if !comparison.same() {
                bail!("what was restored differs from the backup");
            }
        }
        Command::Export { out } => {
            let app = open(cli.config.as_deref(), clock).await?;
            let manifest = export::by_hand(&app, &Who::system("cli"), &out).await?;
            for records in &manifest.records {
                println!("{}\t{}\t{}", records.name, records.rows, records.title);
            }
            println!(
                "{}: {} records, {} files, {} bytes, {} not there any more",
                out.display(),
                manifest.rows(),
                manifest.all().count(),
                manifest.bytes(),
                manifest.missing.len(),
            );
        }
        Command::Plan { command } => plan::run(command, clock).await?,
        Command::Audit {
            command: AuditCommand::Verify,
        } => {
            let app = open(cli.config.as_deref(), clock).await?;
            let report = kernel::audit::verify(app.db.read())
                .await
                .context("audit trail")?;
            println!("{report}");
            if !report.is_whole() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The services over a database that is there, for a command beside the running server.
async fn open(config: Option<&Path>, clock: Clock) -> Result<App> {
    let config = Config::load(config)?;
    Place::of(&config)?.must_exist()?;
    Ok(App::open(config, clock).await?)
}
