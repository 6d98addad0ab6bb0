//! The questions; each is asked again until its answer can be used.

use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Error, Result, bail, ensure};
use kernel::{Config, Role, Side};
use organization::users::{check_line, check_staff_no, check_username};
use telephony::sip::sources::Network;

use super::{Answers, Person, SEATS, Seat, Trunk, hours};

/// Asks for everything; what stands in brackets is what Enter takes.
pub fn ask(defaults: &Config) -> Result<Answers> {
    println!("Shoujie setup. Enter takes the value in brackets.");
    let purchaser = question("purchaser (采购人)", "广州市人事服务中心", line)?;
    let supplier = question("supplier (服务商)", "", line)?;
    let service_hours = question(
        "service hours of a working day, separated by commas",
        "08:30-12:00, 13:30-18:00",
        |text| {
            let periods = list(text);
            hours(&periods).map(|_hours| periods)
        },
    )?;
    let mut taken = Vec::new();
    let mut people = Vec::new();
    for (role, word, side) in [
        (
            Role::SysAdmin,
            "system administrator (系统管理员)",
            "supplier",
        ),
        (
            Role::SecAdmin,
            "security administrator (安全管理员)",
            "purchaser",
        ),
        (
            Role::AuditAdmin,
            "audit administrator (审计管理员)",
            "purchaser",
        ),
        (Role::ShiftLead, "shift lead (班长)", ""),
    ] {
        let side = match side {
            // A role of the supplier's.
            "" => Side::Supplier,
            side => question(&format!("{word}: side, supplier or purchaser"), side, party)?,
        };
        people.push(Person {
            username: username(&format!("{word}: sign-in name"), role.as_str(), &mut taken)?,
            name: question(&format!("{word}: name"), "", line)?,
            side,
            role,
        });
    }
    let mut seats = Vec::new();
    let mut staff_numbers = Vec::new();
    for number in 1..=SEATS {
        let word = format!("seat {number}");
        seats.push(Seat {
            username: username(
                &format!("{word}: sign-in name"),
                &format!("agent{number}"),
                &mut taken,
            )?,
            name: question(&format!("{word}: name"), "", line)?,
            staff_no: question(
                &format!("{word}: staff number (工号)"),
                &format!("80{number}"),
                |text| free(check_staff_no(text)?.unwrap_or_default(), &staff_numbers),
            )?,
        });
        staff_numbers.extend(seats.last().map(|seat| seat.staff_no.clone()));
    }
    let trunk = Trunk {
        addresses: question(
            "addresses of the carrier's equipment, separated by commas",
            "",
            |text| {
                let addresses = list(text);
                for address in &addresses {
                    address.parse::<Network>().map_err(Error::msg)?;
                }
                Ok(addresses)
            },
        )?,
        hotline_numbers: question("hotline numbers, separated by commas", "12333", |text| {
            Ok(list(text))
        })?,
        sip_listen: question("our SIP address", "0.0.0.0:5060", address)?,
        http_listen: question("our console address", "0.0.0.0:8080", address)?,
    };
    let data_dir: PathBuf = defaults.get("data_dir")?;
    // A service starts in another folder than whoever answers here.
    let data_dir = question(
        "data folder",
        &std::path::absolute(data_dir)?.display().to_string(),
        |text| Ok(std::path::absolute(text)?.display().to_string()),
    )?;
    let database = question("database, sqlite or a postgres:// URL", "sqlite", |text| {
        ensure!(
            text == "sqlite" || text.starts_with("postgres"),
            "neither sqlite nor a postgres:// URL"
        );
        Ok(text.to_owned())
    })?;
    Ok(Answers {
        purchaser,
        supplier,
        service_hours,
        people,
        seats,
        trunk,
        data_dir: Some(data_dir),
        database_url: Some(database).filter(|url| url != "sqlite"),
    })
}

fn line(text: &str) -> Result<String> {
    Ok(check_line("it", text)?)
}

fn party(text: &str) -> Result<Side> {
    match text {
        "supplier" => Ok(Side::Supplier),
        "purchaser" => Ok(Side::Purchaser),
        _ => bail!("supplier or purchaser"),
    }
}

fn address(text: &str) -> Result<String> {
    text.parse::<SocketAddr>()?;
    Ok(text.to_owned())
}

fn username(words: &str, default: &str, taken: &mut Vec<String>) -> Result<String> {
    let name = question(words, default, |text| free(check_username(text)?, taken))?;
    taken.push(name.clone());
    Ok(name)
}

fn free(name: String, taken: &[String]) -> Result<String> {
    ensure!(!taken.contains(&name), "{name} is somebody else's");
    Ok(name)
}

fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Asks until `parse` takes the answer.
fn question<T>(words: &str, default: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
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
        let answer = match line.trim() {
            "" => default,
            answer => answer,
        };
        if answer.is_empty() {
            println!("  an answer is needed");
            continue;
        }
        match parse(answer) {
            Ok(answer) => return Ok(answer),
            Err(error) => println!("  {error:#}"),
        }
    }
}
