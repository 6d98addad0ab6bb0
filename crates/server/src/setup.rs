//! `shoujie setup`: an empty machine becomes a hotline with its parties, people, hours and trunk.

use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use calendar::{Period, ServiceHours};
use kernel::audit::Who;
use kernel::{App, Clock, Config, Role, Side};
use organization::Organization;
use organization::users::NewUser;
use serde::Deserialize;

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
}

/// Somebody who signs in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Sign-in name.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// The side he stands on.
    pub side: Side,
    /// His role.
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
    let answers = match from {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            toml::from_str(&text).with_context(|| file.display().to_string())?
        }
        None => ask()?,
    };
    check(&answers)?;
    let settings = config.map_or_else(|| PathBuf::from(SETTINGS), Path::to_path_buf);
    ensure!(
        !settings.exists(),
        "{} exists already; remove it or name another with --config",
        settings.display()
    );
    let before = Config::load(None)?;
    crate::migrate(before.clone(), clock.clone()).await?;
    let app = App::open(before, clock.clone()).await?;
    let organization = Organization::new(&app)?;
    ensure!(
        !organization::colleagues::anybody(app.db.read()).await?,
        "this database has users already; setup is for an empty one"
    );
    let secrets = store(&organization, &answers).await?;
    std::fs::write(&settings, settings_file(&answers))?;
    println!("settings: {}\n\n{secrets}", settings.display());
    println!("start with: shoujie serve --config {}", settings.display());
    Ok(())
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
    hours(answers)?;
    Ok(())
}

fn hours(answers: &Answers) -> Result<ServiceHours> {
    let periods = answers.service_hours.iter().map(|text| {
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
        .set_service_hours(&who, hours(answers)?, true, None)
        .await?;
    let mut table = String::from(
        "first passwords, shown this once; each must be changed at the first sign-in\n",
    );
    for person in &answers.people {
        let new = NewUser {
            username: person.username.clone(),
            name: person.name.clone(),
            staff_no: String::new(),
            department: String::new(),
            side: person.side,
            roles: vec![person.role],
            password: None,
        };
        let created = organization.create_user(&who, new).await?;
        writeln!(
            table,
            "  {:<16} {:<18} {}",
            person.username,
            created.initial_password,
            person.role.as_str()
        )?;
    }
    for seat in &answers.seats {
        let new = NewUser {
            username: seat.username.clone(),
            name: seat.name.clone(),
            staff_no: seat.staff_no.clone(),
            department: String::new(),
            side: Side::Supplier,
            roles: vec![Role::Agent],
            password: None,
        };
        let created = organization.create_user(&who, new).await?;
        let device = organization.add_device(&who, created.id, None).await?;
        let phone = format!("desk phone secret {}", device.secret);
        writeln!(
            table,
            "  {:<16} {:<18} 工号 {}  {phone}",
            seat.username, created.initial_password, seat.staff_no
        )?;
    }
    Ok(table)
}

fn settings_file(answers: &Answers) -> String {
    let list = |values: &[String]| {
        let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        format!("[{}]", quoted.join(", "))
    };
    format!(
        "# Written by `shoujie setup`. Every setting and its default: config.default.toml.\n\n\
         [http]\nlisten = {:?}\n\n[sip]\nlisten = {:?}\nhotline_numbers = {}\ntrunks = {}\n",
        answers.trunk.http_listen,
        answers.trunk.sip_listen,
        list(&answers.trunk.hotline_numbers),
        list(&answers.trunk.addresses),
    )
}

fn ask() -> Result<Answers> {
    println!("Shoujie setup. Enter takes the value in brackets.");
    let purchaser = question("purchaser (采购人)", "广州市人事服务中心")?;
    let supplier = question("supplier (服务商)", "")?;
    let service_hours = list("service hours of a working day", "08:30-12:00, 13:30-18:00")?;
    let mut people = Vec::new();
    for (role, word) in [
        (Role::SysAdmin, "system administrator (系统管理员)"),
        (Role::SecAdmin, "security administrator (安全管理员)"),
        (Role::AuditAdmin, "audit administrator (审计管理员)"),
        (Role::ShiftLead, "shift lead (班长)"),
    ] {
        let username = question(&format!("{word}: sign-in name"), role.as_str())?;
        let name = question(&format!("{word}: name"), "")?;
        people.push(Person {
            username,
            name,
            side: Side::Supplier,
            role,
        });
    }
    let mut seats = Vec::new();
    for number in 1..=SEATS {
        let username = question(
            &format!("seat {number}: sign-in name"),
            &format!("agent{number}"),
        )?;
        let name = question(&format!("seat {number}: name"), "")?;
        let staff_no = question(
            &format!("seat {number}: staff number (工号)"),
            &format!("80{number}"),
        )?;
        seats.push(Seat {
            username,
            name,
            staff_no,
        });
    }
    let trunk = Trunk {
        addresses: list("addresses of the carrier's equipment", "")?,
        hotline_numbers: list("hotline numbers", "12333")?,
        sip_listen: question("our SIP address", "0.0.0.0:5060")?,
        http_listen: question("our console address", "0.0.0.0:8080")?,
    };
    Ok(Answers {
        purchaser,
        supplier,
        service_hours,
        people,
        seats,
        trunk,
    })
}

/// Asks until there is an answer.
fn question(words: &str, default: &str) -> Result<String> {
    loop {
        let shown = if default.is_empty() {
            String::new()
        } else {
            format!(" [{default}]")
        };
        print!("{words}{shown}: ");
        std::io::stdout().flush()?;
        let mut line = String::new();
        ensure!(
            std::io::stdin().lock().read_line(&mut line)? > 0,
            "the answers ended early; nothing was written"
        );
        match (line.trim(), default) {
            ("", "") => println!("an answer is needed"),
            ("", default) => return Ok(default.to_owned()),
            (answer, _) => return Ok(answer.to_owned()),
        }
    }
}

fn list(words: &str, default: &str) -> Result<Vec<String>> {
    let answer = question(&format!("{words}, separated by commas"), default)?;
    Ok(answer
        .split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect())
}
