//! `shoujie setup`: an empty machine becomes a hotline with its parties, people, hours and trunk.

mod ask;

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use calendar::{Period, ServiceHours};
use kernel::audit::Who;
use kernel::{App, Clock, Config, Role, Side};
use organization::Organization;
use organization::users::NewUser;
use serde::{Deserialize, Serialize};

/// The settings file that setup writes unless `--config` names another.
const SETTINGS: &str = "shoujie.toml";
/// Seats of the contract.
const SEATS: usize = 6;

/// The answers, asked for or read from a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Full name of the purchaser (采购人).
    pub purchaser: String,
    /// Full name of the supplier (服务商).
    pub supplier: String,
    /// Periods of a working day, `08:30-12:00`.
    pub service_hours: Vec<String>,
    /// The three administrators (三员) and whoever else is to sign in first.
    pub people: Vec<Person>,
    /// The agents.
    pub seats: Vec<Seat>,
    /// Where the calls come from.
    pub trunk: Trunk,
    /// Folder of the database and the recordings; the setting's default when not given.
    pub data_dir: Option<String>,
    /// `postgres://user:password@host/name`; a file in the data folder when not given.
    pub database_url: Option<String>,
}

/// Somebody who signs in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Sign-in name.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// `supplier` or `purchaser`.
    pub side: Side,
    /// Code of the role, such as `sys_admin`.
    pub role: Role,
}

/// One of the seats.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Sign-in name, also of the desk phone.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// 工号, read out to the public.
    pub staff_no: String,
}

/// The line to the carrier.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Addresses or CIDR ranges of the carrier's equipment.
    pub addresses: Vec<String>,
    /// Numbers the public calls.
    pub hotline_numbers: Vec<String>,
    /// Our address for SIP, `10.0.0.5:5060`.
    pub sip_listen: String,
    /// Our address for the console, `0.0.0.0:8080`.
    pub http_listen: String,
}

/// Asks or reads, writes the settings file and the rows, and prints the first passwords once.
pub async fn run(config: Option<&Path>, from: Option<&Path>, clock: &Clock) -> Result<()> {
    let settings = config.map_or_else(|| PathBuf::from(SETTINGS), Path::to_path_buf);
    ensure!(
        !settings.exists(),
        "{} exists already; remove it or name another with --config",
        settings.display()
    );
    let answers = match from {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            toml::from_str(&text).with_context(|| file.display().to_string())?
        }
        None => ask::ask(&Config::load(None)?)?,
    };
    check(&answers)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        // The URL of a database holds its password.
        .mode(0o600)
        .open(&settings)
        .with_context(|| settings.display().to_string())?;
    file.write_all(settings_file(&answers)?.as_bytes())?;
    match fill(&settings, &answers, clock).await {
        Ok(secrets) => println!("settings: {}\n\n{secrets}", settings.display()),
        Err(error) => {
            // So that it can be tried again; the cause is what is told.
            let _ = std::fs::remove_file(&settings);
            return Err(error);
        }
    }
    println!("start with: shoujie --config {} serve", settings.display());
    Ok(())
}

/// Brings an empty database to what the answers say.
async fn fill(settings: &Path, answers: &Answers, clock: &Clock) -> Result<String> {
    let config = Config::load(Some(settings))?;
    telephony::Settings::load(&config)?;
    crate::migrate(config.clone(), clock.clone()).await?;
    let app = App::open(config, clock.clone()).await?;
    ensure!(
        !organization::colleagues::anybody(app.db.read()).await?,
        "this database has users already; setup is for an empty one"
    );
    let secrets = store(&Organization::new(&app)?, answers).await?;
    app.db.close().await;
    Ok(secrets)
}

fn check(answers: &Answers) -> Result<()> {
    ensure!(
        answers.seats.len() == SEATS,
        "the contract has {SEATS} seats, the answers name {}",
        answers.seats.len()
    );
    for role in [Role::SysAdmin, Role::SecAdmin, Role::AuditAdmin] {
        let held = answers.people.iter().any(|person| person.role == role);
        ensure!(
            held,
            "nobody is {}: each of the three administrators (三员) needs a person",
            role.as_str()
        );
    }
    hours(&answers.service_hours)?;
    answers
        .trunk
        .http_listen
        .parse::<SocketAddr>()
        .with_context(|| format!("trunk.http_listen: `{}`", answers.trunk.http_listen))?;
    Ok(())
}

fn hours(periods: &[String]) -> Result<ServiceHours> {
    let periods = periods.iter().map(|text| {
        let (from, to) = text
            .split_once('-')
            .with_context(|| format!("`{text}` is no period such as 08:30-12:00"))?;
        let time = |text: &str| text.trim().parse().map_err(anyhow::Error::msg);
        Ok(Period {
            from: time(from)?,
            to: time(to)?,
        })
    });
    ServiceHours::new(periods.collect::<Result<Vec<_>>>()?)
        .map_err(|fault| anyhow::anyhow!("service hours: {fault}"))
}

/// Writes the rows; gives the table of first passwords.
async fn store(organization: &Organization, answers: &Answers) -> Result<String> {
    let who = Who::system("setup");
    organization
        .put_party(&who, Side::Purchaser, &answers.purchaser)
        .await?;
    organization
        .put_party(&who, Side::Supplier, &answers.supplier)
        .await?;
    organization.prepare().await?;
    organization
        .set_service_hours(&who, hours(&answers.service_hours)?, true, None)
        .await?;
    let people = answers.people.iter().map(|person| NewUser {
        username: person.username.clone(),
        name: person.name.clone(),
        staff_no: String::new(),
        department: String::new(),
        side: person.side,
        roles: vec![person.role],
        password: None,
    });
    let agents = answers.seats.iter().map(|seat| NewUser {
        username: seat.username.clone(),
        name: seat.name.clone(),
        staff_no: seat.staff_no.clone(),
        department: String::new(),
        side: Side::Supplier,
        roles: vec![Role::Agent],
        password: None,
    });
    let created = organization
        .create_users(&who, people.chain(agents).collect())
        .await?;
    let (people, agents) = created.split_at(answers.people.len());
    let mut table = String::from(
        "first passwords, shown this once; each must be changed at the first sign-in\n",
    );
    for (person, created) in answers.people.iter().zip(people) {
        writeln!(
            table,
            "  {:<16} {:<22} {}",
            person.username,
            created.initial_password,
            person.role.as_str()
        )?;
    }
    for (seat, created) in answers.seats.iter().zip(agents) {
        let device = organization.add_device(&who, created.id, None).await?;
        writeln!(
            table,
            "  {:<16} {:<22} agent {}  desk phone secret {}",
            seat.username, created.initial_password, seat.staff_no, device.secret
        )?;
    }
    Ok(table)
}

/// The settings file as it is written.
#[derive(Serialize)]
struct SettingsFile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<DatabaseSection<'a>>,
    http: HttpSection<'a>,
    sip: SipSection<'a>,
}

#[derive(Serialize)]
struct DatabaseSection<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct HttpSection<'a> {
    listen: &'a str,
}

#[derive(Serialize)]
struct SipSection<'a> {
    listen: &'a str,
    hotline_numbers: &'a [String],
    trunks: &'a [String],
}

fn settings_file(answers: &Answers) -> Result<String> {
    let url = answers.database_url.as_deref();
    let file = SettingsFile {
        data_dir: answers.data_dir.as_deref(),
        database: url.map(|url| DatabaseSection { url }),
        http: HttpSection {
            listen: &answers.trunk.http_listen,
        },
        sip: SipSection {
            listen: &answers.trunk.sip_listen,
            hotline_numbers: &answers.trunk.hotline_numbers,
            trunks: &answers.trunk.addresses,
        },
    };
    Ok(format!(
        "# Written by `shoujie setup`. Every setting and its default: config.default.toml.\n\n{}",
        toml::to_string(&file)?
    ))
}
