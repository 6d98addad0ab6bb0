//! The demo's channels: an official account and a bot whose platforms stand in the same process. Only `shoujie serve
//! --demo` calls this.

mod past;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use floor::DEFAULT_QUEUE;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, Tx, audit};
use sea_orm::{ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

use crate::channel::row;
use crate::platform::{Account, Secrets};

pub use past::{PastConversation, Said, past_conversation};

/// The official account (公众号).
pub const WECHAT: &str = "wechat_oa";
/// The bot of QQ.
pub const QQ: &str = "qq";
/// Below the server's address: where the stand-in of the official account answers.
pub const WECHAT_PATH: &str = "/demo/wechat";
/// Below the server's address: where the stand-in of QQ answers.
pub const QQ_PATH: &str = "/demo/qq";

/// Settings that follow the server from one address to the next.
const BASES: [&str; 2] = ["api_base", "token_base"];

/// Makes the two channels where they are missing, and lets those that are there follow the server to `base`. One that
/// was pointed at another platform stays as it is.
pub async fn seed(app: &App, base: &str, replies: &str) -> Result<()> {
    let (wechat, qq) = (format!("{base}{WECHAT_PATH}"), format!("{base}{QQ_PATH}"));
    let wanted = [
        (
            (WECHAT, "公众号（演示）", "wechat_oa", WECHAT_PATH),
            json!({"appid": format!("wx{}", app.ids.secret(8)), "mode": "safe", "api_base": wechat, "replies": replies}),
            vec![
                ("app_secret", app.ids.secret(16)),
                ("token", app.ids.secret(12)),
                ("encoding_aes_key", aes_key(app)?),
            ],
        ),
        (
            (QQ, "QQ（演示）", "qq_bot", QQ_PATH),
            json!({"appid": "102000001", "api_base": qq, "token_base": qq}),
            vec![("app_secret", app.ids.secret(16))],
        ),
    ];
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            for (names, settings, secrets) in wanted {
                let code = names.0;
                match row::Entity::find_by_id(code).one(&*tx).await? {
                    None => make(&services, &tx, names, settings, secrets).await?,
                    Some(row) => follow(&services, &tx, row, names.3, &settings).await?,
                }
            }
            Ok(())
        })
        .await
}

/// 43 symbols, as the platform gives them.
fn aes_key(app: &App) -> Result<String> {
    let bytes = hex::decode(app.ids.secret(32)).map_err(internal)?;
    Ok(BASE64.encode(bytes).trim_end_matches('=').to_owned())
}

async fn make(
    app: &App,
    tx: &Tx,
    (code, name, kind, _): (&str, &str, &str, &str),
    settings: Value,
    secrets: Vec<(&str, String)>,
) -> Result<()> {
    let mut made = row::Model {
        code: code.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        queue: Some(DEFAULT_QUEUE.to_owned()),
        enabled: true,
        settings,
        secrets: None,
        secret_names: json!([]),
        // It stands on this machine.
        allow_private: true,
        cursor: None,
        version: 1,
    };
    let secrets: BTreeMap<String, String> = secrets
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    made.set_secrets(app, &Secrets(secrets))?;
    tell(app, tx, &made).await?;
    row::Entity::insert(made.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Points the settings that point at our stand-in to where it stands now.
async fn follow(app: &App, tx: &Tx, mut row: row::Model, path: &str, wanted: &Value) -> Result<()> {
    let before = row.settings.clone();
    for name in BASES {
        let ours = before[name]
            .as_str()
            .is_some_and(|base| base.ends_with(path));
        if ours {
            row.settings[name] = wanted[name].clone();
        }
    }
    if row.settings == before {
        return Ok(());
    }
    row.version += 1;
    tell(app, tx, &row).await?;
    let code = row.code.clone();
    row::Entity::update_many()
        .set(row.into_active_model().reset_all())
        .filter(row::Column::Code.eq(code))
        .exec(&**tx)
        .await?;
    Ok(())
}

async fn tell(app: &App, tx: &Tx, row: &row::Model) -> Result<()> {
    // Without the settings: where the server listens is no news to anybody.
    let details = json!({"name": row.name, "kind": row.kind, "enabled": row.enabled,
        "secrets": row.secret_names, "allow_private": row.allow_private});
    let who = Who::system("demo");
    audit::record(
        app,
        &**tx,
        &who,
        "channel.changed",
        "channel",
        &row.code,
        details,
    )
    .await
}

/// The account of a channel as it stands: what is typed at our side is what the stand-in knows as well.
pub async fn account(app: &App, code: &str) -> Result<Account> {
    crate::channel::row_of(app.db.read(), code)
        .await?
        .account(app)
}
