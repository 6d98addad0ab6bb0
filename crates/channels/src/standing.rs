//! Texts that the house says by itself, again and again: the privacy notice, what stands behind an answer of the
//! machine, the question how a talk was, the answer to what was left. The purchaser approves them as scripts of that
//! purpose; what is shipped stands in until there is one.

use axum::extract::State;
use kernel::Actor;
use kernel::http::Json;
use kernel::problem::Result;
use kernel::words;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Channels, ViewChannels};

words! {
    /// What a standing text is for.
    Purpose {
        /// 隐私告知: agreed to before the first word on the website.
        PrivacyNotice = "privacy_notice",
        /// 转人工提示: stands behind an answer of the machine.
        Waiting = "waiting",
        /// 满意度询问
        Rating = "rating",
        /// 留言回执: `{number}`, `{due}` and `{reason}` are filled in.
        LeftMessage = "left_message",
    }
}

/// What the shipped notice is agreed to by.
const SHIPPED_NOTICE: &str = "2026-11";

impl Purpose {
    fn shipped(self) -> &'static str {
        match self {
            Self::PrivacyNotice => {
                "为答复您的咨询，我们会保存您填写的称呼、联系电话和对话内容，仅用于办理您的诉求，不向无关人员提供。\
                请不要发送密码、银行卡号。您可以不填写电话，但我们将无法回电。"
            }
            Self::Waiting => "（需要座席答复请直接留言说明）",
            Self::Rating => "请评价本次服务：回复 1 满意，2 基本满意，3 不满意。",
            Self::LeftMessage => {
                "您好，{reason}。您的留言已登记，编号 {number}，我们将在 {due} 前答复。"
            }
        }
    }
}

/// A text as it stands now.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// What is said.
    pub text: String,
    /// The version that was approved: `<article>@<version>`; none where it is the shipped one.
    pub article: Option<String>,
}

impl Standing {
    /// What one agrees to by, of a notice.
    pub(crate) fn version(&self) -> String {
        self.article
            .clone()
            .unwrap_or_else(|| SHIPPED_NOTICE.to_owned())
    }
}

/// What is said for this purpose now: what the purchaser approved, or what is shipped.
pub(crate) async fn text(channels: &Channels, purpose: Purpose) -> Result<Standing> {
    let approved = channels.house()?.standing(purpose).await?;
    Ok(match approved {
        Some(script) => Standing {
            text: script.text,
            article: Some(script.reference),
        },
        None => Standing {
            text: purpose.shipped().to_owned(),
            article: None,
        },
    })
}

/// A text that the house says by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingText {
    /// `privacy_notice`, `waiting`, `rating` or `left_message`.
    pub purpose: &'static str,
    /// What is said now.
    pub text: String,
    /// The version the purchaser approved: `<article>@<version>`; null while it is the shipped text.
    pub article: Option<String>,
    /// Nobody has approved it: it came with the program.
    pub shipped: bool,
}

/// The texts that the house says by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingTexts {
    /// One for each purpose.
    pub items: Vec<StandingText>,
}

/// What the house says by itself, and whether the purchaser has approved it.
#[utoipa::path(
    get, path = "/api/v1/standing-texts", tag = "channels", operation_id = "list_standing_texts",
    responses((status = 200, body = StandingTexts)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewChannels>,
    State(channels): State<Channels>,
) -> Result<Json<StandingTexts>> {
    let mut items = Vec::new();
    for purpose in Purpose::ALL {
        let standing = text(&channels, *purpose).await?;
        items.push(StandingText {
            purpose: purpose.as_str(),
            shipped: standing.article.is_none(),
            text: standing.text,
            article: standing.article,
        });
    }
    Ok(Json(StandingTexts { items }))
}
