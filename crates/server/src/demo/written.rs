//! What the demo's people wrote in the last weeks: conversations of the official account and work orders, for the
//! reviewers to read.

use std::sync::Arc;

use axum::Router;
use channels::demo::{PastConversation, Said, WECHAT, past_conversation};
use kernel::App;
use kernel::problem::{Result, internal};
use organization::demo::{Stage, moment};
use serde_json::{Value, json};

use crate::house::Approved;

use Said::{Answered, Asked, Noted, Showed};

/// Who had it, how many days ago, from which hour and minute on.
type When = (&'static str, i64, u32, u32);

/// A photo that is refused: the agent looks it up and lets the requester wait for five minutes.
const PHOTO: &[(i64, Said)] = &[
    (0, Asked("你好，一建报名上传照片一直失败")),
    (12, Showed("上传失败.png")),
    (
        64,
        Answered("您好，工号 803 为您服务。请问您用照片处理工具处理过吗？"),
    ),
    (95, Asked("处理过了，还是提示不符合要求")),
    (118, Asked("在吗？")),
    (240, Noted("处理工具昨晚升级过，问技术确认")),
    (
        396,
        Answered("让您久等了。请下载新版照片处理工具重新处理，白底、大于 10KB 的 JPG 即可。"),
    ),
    (430, Asked("可以了，谢谢")),
    (441, Answered("不客气，祝您报名顺利。")),
];

/// A fee that was paid twice; it is answered at once.
const FEE: &[(i64, Said)] = &[
    (0, Asked("考试费扣了两次，怎么退？")),
    (
        26,
        Answered("您好，工号 804 为您服务。请提供报名序号，我为您登记核对。"),
    ),
    (70, Asked("报名序号后四位 3391")),
    (
        98,
        Answered("已登记。重复扣款核对后原路退回，一般五个工作日到账，期间请勿再次缴费。"),
    ),
    (130, Asked("好的")),
    (141, Answered("还有其他可以帮您的吗？")),
    (180, Asked("没有了")),
];

/// What came by the official account; nobody evaluated it yet.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn chats(stage: &Stage) -> Result<[Value; 2]> {
    let photo = ("agent3", 12, 10, 4);
    let fee = ("agent4", 5, 15, 20);
    Ok([
        chat(stage, photo, ("demo-photo-7714", "小林"), (48, PHOTO)).await?,
        chat(stage, fee, ("demo-fee-3391", "一路向北"), (15, FEE)).await?,
    ])
}

async fn chat(
    stage: &Stage,
    (agent, ago, hour, minute): When,
    account: (&'static str, &'static str),
    (taken_after, said): (i64, &'static [(i64, Said)]),
) -> Result<Value> {
    let opened_at = moment(stage.day(ago), hour, minute);
    let past = PastConversation {
        channel: WECHAT,
        account,
        agent: stage.id(agent)?,
        opened_at: opened_at.ok_or_else(|| internal("no such moment"))?,
        taken_after,
        said,
        satisfaction: Some("satisfied"),
    };
    Ok(json!(past_conversation(stage.app(), past).await?))
}

/// Work orders that were answered and are closed; nobody evaluated them yet.
///
/// # Errors
/// When a door refused a step.
pub(super) async fn work_orders(app: &App) -> Result<[Value; 2]> {
    let mut stage = Stage::new(app, |app| {
        Router::from(tickets::capability(app, Arc::new(Approved(app.clone()))).routes)
    })
    .await?;
    let check = json!({ "phone": "13910000017", "request_type": "help", "matter": "106",
        "title": "资格核验一直显示人工核查中",
        "summary": "诉求人十天前提交人工核查，系统仍显示核查中，担心错过缴费截止时间，希望尽快有结果。" });
    let fault = json!({ "phone": "13910000052", "request_type": "fault", "matter": "114",
        "title": "扣款成功但报名状态未缴费",
        "summary": "诉求人反映银行已扣款，报名系统仍显示未缴费，要求核对订单，避免重复缴费。" });
    Ok([
        order(
            &mut stage,
            ("agent5", 14, 9, 40),
            check,
            "已报考试科核对材料，今日补齐学历证明",
            "核查已通过，可登录系统缴费；缴费截止至本周五 17:00。",
        )
        .await?,
        order(
            &mut stage,
            ("agent2", 8, 14, 10),
            fault,
            "支付方确认订单未回写，已请技术补单",
            "订单已补写，报名状态现为已缴费，无需重复支付。",
        )
        .await?,
    ])
}

async fn order(
    stage: &mut Stage,
    (agent, ago, hour, minute): When,
    new: Value,
    note: &str,
    answer: &str,
) -> Result<Value> {
    stage.at(ago, hour, minute);
    let opened = stage.post(agent, "/tickets", new).await?;
    let id = opened["id"].clone();
    let path = format!("/tickets/{}", id.as_str().unwrap_or_default());
    stage.at(ago - 1, 10, 25);
    let noted = json!({ "kind": "internal", "body": note });
    stage.post(agent, &format!("{path}/notes"), noted).await?;
    let urged = json!({ "action": "urge", "reason": "诉求人再次来电催办" });
    let seen = stage.looks("lead", &path).await?;
    let seen = stage
        .does("lead", "tickets", &seen, "dispatch", urged)
        .await?;
    stage.at(ago - 1, 16, 5);
    let reply = json!({ "action": "reply", "answer": answer });
    let seen = stage.does(agent, "tickets", &seen, "handle", reply).await?;
    stage.at(ago - 2, 9, 30);
    let said = json!({ "action": "revisit", "said": "satisfied", "reason": "问题已解决" });
    stage
        .does("lead", "tickets", &seen, "dispatch", said)
        .await?;
    Ok(id)
}
