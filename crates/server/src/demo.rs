//! `--demo`: what makes the product speak on one machine with nothing done by hand.
//!
//! Two platforms that nobody reaches without an account of theirs stand in this process: a newcomer writes on the phone
//! pages of `/site/`, and what he writes goes the way it goes from the real platform – signed, over HTTP, to the
//! product's public address. Nothing of it is there without `--demo`.

pub(crate) mod contacts;
mod memory;
pub(crate) mod month;
pub(crate) mod performance;
mod phone;
mod qq;
pub(crate) mod quality;
pub(crate) mod reports;
mod stand_in;
pub(crate) mod topics;
mod wechat;
mod written;

use anyhow::{Context as _, Result};
use axum::Router;
use kernel::App;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use stand_in::{Platform, StandIn};
use tokio::net::TcpListener;

/// Settings that the demo has instead of the defaults: a folder of its own, this machine's phones as the
/// trunk, a line that is always open.
pub const DEFAULTS: &str = r#"
data_dir = "data/demo"

[service]
name = "首接热线（演示）"
always_open = true

[sip]
trunks = ["127.0.0.0/8", "::1/128"]
"#;

/// The official account's menu: the key, what stands on it, the article it answers with.
const MENU: [(&str, &str, &str); 3] = [
    ("PHOTO", "照片上传", "照片上传失败怎么处理"),
    ("TICKET", "准考证", "准考证什么时候打印"),
    ("PASSWORD", "找回密码", "忘记报名系统的用户名或密码"),
];

/// The platforms of the demo, while the server runs.
pub(crate) struct Platforms {
    routes: Router,
    // Where the server speaks TLS with a certificate of its own making, the platforms and the product speak by this
    // door: nobody would trust that certificate, and nothing leaves the machine.
    inside: Option<TcpListener>,
}

impl Platforms {
    /// Makes their channels and stands ready. `http` is where the server listens, in the clear; `None` where it speaks
    /// TLS.
    pub(crate) async fn open(app: &App, http: Option<std::net::SocketAddr>) -> Result<Self> {
        let (address, inside) = if let Some(address) = http {
            (address, None)
        } else {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .context("a door for the demo's platforms")?;
            (listener.local_addr()?, Some(listener))
        };
        let base = format!("http://{address}");
        channels::demo::seed(app, &base, &replies(app).await?).await?;
        let wechat = StandIn::new(app, Platform::Wechat, &base)?;
        let qq = StandIn::new(app, Platform::Qq, &base)?;
        let routes = Router::new()
            .nest(channels::demo::WECHAT_PATH, wechat::routes(&wechat))
            .nest(channels::demo::QQ_PATH, qq::routes(&qq));
        Ok(Self { routes, inside })
    }

    /// What is mounted beside the console.
    pub(crate) fn routes(&self) -> Router {
        self.routes.clone()
    }

    /// Serves the door inside, where there is one, until the server stops.
    pub(crate) fn serve(self, app: &App, router: Router) {
        let Some(listener) = self.inside else { return };
        let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        let stop = app.shutdown.clone().cancelled_owned();
        tokio::spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(stop);
            if let Err(error) = served.await {
                tracing::error!(%error, "the demo's platforms ended");
            }
        });
    }
}

/// The answers of the menu, and of the same words written.
async fn replies(app: &App) -> Result<String> {
    use knowledge::article::store::row;
    let mut lines = Vec::new();
    for (key, word, title) in MENU {
        let article = row::Entity::find()
            .filter(row::Column::Title.eq(title))
            .one(app.db.read())
            .await?;
        if let Some(article) = article {
            lines.push(format!("menu:{key}={}\n{word}={}", article.id, article.id));
        }
    }
    Ok(lines.join("\n"))
}
