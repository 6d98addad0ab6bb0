//! `shoujie user`: help on the server itself when nobody can sign in. All of it is audited as `system:cli`.

use anyhow::Result;
use calendar::SHANGHAI;
use chrono::{DateTime, Utc};
use clap::{Subcommand, ValueEnum};
use kernel::audit::Who;
use kernel::{App, Role, Side};
use organization::Organization;
use organization::users::{Account, NewUser};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Everybody, with roles and what keeps them from signing in.
    List,
    /// Give a user a new first password, printed once; his sessions end.
    ResetPassword {
        /// Sign-in name.
        username: String,
        /// Take the one-time code away as well, for a lost phone.
        #[arg(long)]
        drop_totp: bool,
    },
    /// Lift the lock that failed sign-ins have set.
    Unlock {
        /// Sign-in name.
        username: String,
    },
    /// Make an administrator of a kind of which none is left.
    CreateAdministrator {
        /// Sign-in name.
        username: String,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// Which of the three.
        #[arg(long, value_enum)]
        role: Administrator,
        /// The side the person stands on.
        #[arg(long, value_enum)]
        side: PartySide,
    },
}

/// One of the three administrators (三员).
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Administrator {
    /// 系统管理员
    SysAdmin,
    /// 安全管理员
    SecAdmin,
    /// 审计管理员
    AuditAdmin,
}

/// One of the two parties.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum PartySide {
    /// 服务商
    Supplier,
    /// 采购人
    Purchaser,
}

/// Does it; the server may run meanwhile.
pub async fn run(app: &App, command: UserCommand) -> Result<()> {
    let organization = Organization::new(app)?;
    let who = Who::system("cli");
    match command {
        UserCommand::List => {
            for account in organization.accounts().await? {
                println!("{}", line(&account));
            }
        }
        UserCommand::ResetPassword {
            username,
            drop_totp,
        } => {
            let id = organization.user_named(&username).await?;
            let password = organization.reset_password(&who, id, drop_totp).await?;
            println!("{}", first_password(&username, &password));
        }
        UserCommand::Unlock { username } => {
            let id = organization.user_named(&username).await?;
            organization.unlock_user(&who, id).await?;
            println!("{username} may sign in again");
        }
        UserCommand::CreateAdministrator {
            username,
            name,
            role,
            side,
        } => {
            let new = NewUser {
                username: username.clone(),
                name,
                staff_no: String::new(),
                department: String::new(),
                side: match side {
                    PartySide::Supplier => Side::Supplier,
                    PartySide::Purchaser => Side::Purchaser,
                },
                roles: vec![match role {
                    Administrator::SysAdmin => Role::SysAdmin,
                    Administrator::SecAdmin => Role::SecAdmin,
                    Administrator::AuditAdmin => Role::AuditAdmin,
                }],
                password: None,
            };
            let created = organization.appoint_administrator(&who, new).await?;
            println!("{}", first_password(&username, &created.initial_password));
        }
    }
    Ok(())
}

fn first_password(username: &str, password: &str) -> String {
    format!("{username}  {password}  (shown this once; to be changed at the first sign-in)")
}

fn line(account: &Account) -> String {
    let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
    let mut remarks = Vec::new();
    if account.disabled {
        remarks.push("disabled".to_owned());
    }
    if let Some(until) = account.locked_until {
        remarks.push(format!("locked until {}", local(until)));
    }
    if account.must_change_password {
        remarks.push("has to change the password".to_owned());
    }
    match account.last_sign_in_at {
        Some(at) => remarks.push(format!("last signed in {}", local(at))),
        None => remarks.push("never signed in".to_owned()),
    }
    let side = match account.side {
        Side::Purchaser => "purchaser",
        _ => "supplier",
    };
    let (username, name) = (&account.username, &account.name);
    format!(
        "{username:<16} {side:<10} {:<22} {name}  {}",
        roles.join(","),
        remarks.join(", ")
    )
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&SHANGHAI)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}
