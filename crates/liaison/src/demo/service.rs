//! The rule library, special tasks, supplies, checks, the archive of contracts, continuity.

use kernel::problem::Result;
use serde_json::{Value, json};

use super::{Stage, of, text};

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    regulations(stage).await?;
    special_tasks(stage).await?;
    supplies(stage).await?;
    contracts(stage).await?;
    continuity(stage).await?;
    checks(stage, 1).await?;
    stage.now();
    checks(stage, 0).await
}

async fn regulations(stage: &mut Stage) -> Result<()> {
    stage.at(40, 9, 0);
    let text = json!({
        "kind": "management_rule", "code": "secrecy", "title": "考生信息保密管理规定", "steps": ["confidentiality", "answering", "site"],
        "audience": ["agent", "shift_lead", "ops_manager", "quality"],
        "body": ["第一条　考生姓名、证件号码、联系方式等信息仅限办理业务使用，不得记录在系统之外。", "第二条　离席必须锁屏；手工登记表当班交回，双人销毁。", "第三条　发现信息泄露的，须立即报告现场主管，并按应急流程处置。"],
    });
    let rule = stage.post("purchaser", "/regulations", text).await?;
    let text = json!({
        "kind": "procedure", "code": "answering", "title": "来电接听作业流程", "steps": ["answering", "recording"], "audience": ["agent", "shift_lead"],
        "body": ["一、铃响三声内接听，报首问责任人工号。", "二、倾听并复述诉求，查询知识库后答复；不能当场答复的，说明办理时限。", "三、通话结束后三十秒内完成登记。"],
    });
    let answering = stage.post("quality", "/regulations", text).await?;
    let text = json!({
        "kind": "standard", "code": "quality_marks", "title": "通话质检评分标准", "steps": ["quality"], "audience": ["agent", "quality", "shift_lead"],
        "body": ["规范用语20分，倾听理解20分，答复准确40分，登记完整20分；泄露信息的，当通计零分。"],
    });
    stage.post("quality", "/regulations", text).await?;
    stage.at(39, 10, 0);
    for who in ["agent1", "agent2", "agent3", "agent4", "lead", "manager"] {
        reads(stage, who, &rule).await?;
    }
    for who in ["agent1", "agent2", "lead"] {
        reads(stage, who, &answering).await?;
    }
    stage.at(2, 9, 0);
    let body = json!({
        "change_note": "登记时限由三十秒改为六十秒",
        "body": ["一、铃响三声内接听，报首问责任人工号。", "二、倾听并复述诉求，查询知识库后答复；不能当场答复的，说明办理时限。", "三、通话结束后六十秒内完成登记。"],
    });
    let answering = stage
        .does("quality", "regulations", &answering, "versions", body)
        .await?;
    stage.at(1, 9, 0);
    reads(stage, "agent2", &answering).await
}

async fn reads(stage: &Stage, who: &str, seen: &Value) -> Result<()> {
    let body = json!({"version_id": seen["version_id"]});
    stage
        .post(
            who,
            &format!("/regulations/{}/confirm", text(&seen["id"])),
            body,
        )
        .await?;
    Ok(())
}

async fn special_tasks(stage: &mut Stage) -> Result<()> {
    stage.at(28, 9, 0);
    let body = json!({"title": "职称申报高频问题专题分析", "request": "汇总近三个月职称申报来电，分析高频问题并提出知识库补充建议。", "wanted_on": stage.day(18)});
    let done = stage.post("titles", "/special-tasks", body).await?;
    stage.at(27, 10, 0);
    let plan = json!({"action": "plan", "minutes": 960, "plan": "抽取三个月登记，分类统计，形成报告和建议清单。"});
    let done = stage
        .does("analyst", "special-tasks", &done, "steps", plan)
        .await?;
    stage.at(20, 17, 0);
    let work = json!({"action": "work", "minutes": 420, "on_day": stage.day(22), "note": "登记抽取与分类"});
    let done = stage
        .does("analyst", "special-tasks", &done, "steps", work)
        .await?;
    let work =
        json!({"action": "work", "minutes": 390, "on_day": stage.day(20), "note": "撰写报告"});
    let done = stage
        .does("analyst", "special-tasks", &done, "steps", work)
        .await?;
    let deliver =
        json!({"action": "deliver", "deliverable": "专题分析报告一份，知识库补充建议二十三条。"});
    let done = stage
        .does("analyst", "special-tasks", &done, "steps", deliver)
        .await?;
    stage.at(17, 11, 0);
    let accept = json!({"action": "accept", "rating": 5, "opinion": "数据翔实，建议可行"});
    stage
        .does("titles", "special-tasks", &done, "decide", accept)
        .await?;
    stage.at(12, 9, 0);
    let body = json!({"title": "报名高峰话务保障", "request": "报名首周每日提供话务小时报，安排一名质检驻场。", "wanted_on": stage.day(-8)});
    let begun = stage.post("section", "/special-tasks", body).await?;
    stage.at(11, 9, 0);
    let plan = json!({"action": "plan", "minutes": 2400, "plan": "小时报由数据分析师出具，质检驻场五天。"});
    let begun = stage
        .does("lead", "special-tasks", &begun, "steps", plan)
        .await?;
    stage.at(1, 18, 0);
    let work =
        json!({"action": "work", "minutes": 480, "on_day": stage.day(1), "note": "驻场第一天"});
    stage
        .does("quality", "special-tasks", &begun, "steps", work)
        .await?;
    stage.at(9, 9, 0);
    let body = json!({"title": "更新考点交通指引", "request": "核对各考点公交、地铁和停车信息，更新到知识库。", "wanted_on": stage.day(2)});
    stage.post("section", "/special-tasks", body).await?;
    Ok(())
}

async fn supplies(stage: &mut Stage) -> Result<()> {
    stage.at(45, 9, 0);
    let kinds = [
        ("headset", "话务耳麦", "副", "equipment", 4, 10),
        ("keyboard", "键盘", "个", "equipment", 2, 8),
        ("paper_a4", "A4 复印纸", "包", "consumable", 5, 12),
        ("form_book", "手工登记表", "本", "consumable", 3, 3),
        ("battery", "5号电池", "节", "consumable", 12, 40),
    ];
    let mut list = Value::Null;
    for (code, name, unit, kind, low_at, _) in kinds {
        let body =
            json!({"code": code, "name": name, "unit": unit, "kind": kind, "low_at": low_at});
        list = stage.post("hr", "/supplies", body).await?;
    }
    let moves = async |code: &str, body: Value| {
        let path = format!("/supplies/{}/moves", text(&of(&list, "code", code)["id"]));
        stage.post("hr", &path, body).await
    };
    for (code, .., quantity) in kinds {
        moves(
            code,
            json!({"kind": "receive", "quantity": quantity, "note": "季度采购"}),
        )
        .await?;
    }
    for (who, seat) in [
        ("agent1", "Z1"),
        ("agent2", "Z2"),
        ("agent3", "Z3"),
        ("agent4", "Z4"),
        ("agent5", "Z5"),
        ("agent6", "Z6"),
    ] {
        let body = json!({"kind": "issue", "quantity": 1, "user_id": stage.id(who)?, "seat": seat, "note": "上岗配发"});
        let given = moves("headset", body).await?;
        if who != "agent1" {
            let path = format!("/supply-moves/{}/sign", text(&given["moves"][0]["id"]));
            stage.post(who, &path, json!({})).await?;
        }
    }
    moves(
        "paper_a4",
        json!({"kind": "issue", "quantity": 4, "user_id": stage.id("lead")?, "note": "大厅打印"}),
    )
    .await?;
    moves(
        "headset",
        json!({"kind": "write_off", "quantity": 1, "note": "麦克风无声，无法修复"}),
    )
    .await?;
    Ok(())
}

async fn contracts(stage: &mut Stage) -> Result<()> {
    stage.at(50, 14, 0);
    let runs = [
        (
            "市政务服务热线外包运营",
            "某市政务服务管理局（演示）",
            true,
            64,
            40,
            "24座席，日均1900通",
        ),
        (
            "社保咨询热线运营",
            "某区社会保险中心（演示）",
            true,
            34,
            26,
            "10座席，日均700通",
        ),
        (
            "不动产登记咨询热线",
            "某市不动产登记中心（演示）",
            true,
            28,
            14,
            "8座席，日均520通",
        ),
        ("电商客服外包", "某零售企业（演示）", false, 30, 6, "30座席"),
    ];
    let mut archive = Value::Null;
    for (title, client, government, from, until, scale) in runs {
        let body = json!({
            "title": title, "client": client, "government": government, "from_day": stage.months(from),
            "until_day": stage.months(until), "scale": scale,
        });
        archive = stage.post("hr", "/past-contracts", body).await?;
    }
    stage.at(48, 10, 0);
    for (title, ..) in runs.iter().take(2) {
        let body = json!({"note": "已核对合同原件和验收证明"});
        let seen = of(&archive, "title", title).clone();
        archive = stage
            .does("purchaser", "past-contracts", &seen, "verify", body)
            .await?;
    }
    Ok(())
}

async fn continuity(stage: &mut Stage) -> Result<()> {
    let contact = |name: &str, phone: &str, by: Option<&str>| json!({"name": name, "phone": phone, "called_by": by});
    let step = |role: &str, within: u32, what: &str| json!({"role": role, "within_minutes": within, "what": what});
    let roles = json!([
        {"name": "现场指挥", "user_id": stage.id("lead")?, "duty": "判断、分派、对外报告"},
        {"name": "技术联络", "user_id": stage.id("sysadmin")?, "duty": "联系运营商和平台，恢复系统"},
        {"name": "登记员", "user_id": null, "duty": "用手工登记表接听登记，恢复后补录"},
    ]);
    let contacts = json!([
        contact("周敏", "020-80000103", None),
        contact("梁国栋", "020-80000100", Some("周敏")),
        contact("杜明辉", "020-80000110", Some("周敏")),
        contact("罗建平", "020-80000201", Some("梁国栋")),
        contact("备勤座席", "020-80000120", Some("周敏")),
    ]);
    let plans = [
        (
            "staff_absence",
            "座席缺岗应急预案",
            30,
            json!([
                step("现场指挥", 5, "从备勤名单通知人员到岗"),
                step("现场指挥", 15, "调整技能组，请班长、质检临时接听"),
                step("现场指挥", 30, "仍有缺口时启用排队提示和留言，报告采购人"),
            ]),
        ),
        (
            "line_outage",
            "线路中断应急预案",
            60,
            json!([
                step("技术联络", 5, "报运营商故障，取得工单号"),
                step("现场指挥", 10, "来电切至备用线路，开启公告"),
                step("登记员", 15, "在线渠道集中受理，电话诉求手工登记"),
                step("现场指挥", 60, "恢复后补录，向采购人书面报告"),
            ]),
        ),
        (
            "power_outage",
            "停电应急预案",
            120,
            json!([
                step("现场指挥", 2, "确认备用电源已接管，关闭非必要设备"),
                step("登记员", 5, "启用手工登记表"),
                step("技术联络", 30, "联系物业和供电，估计恢复时间"),
                step("现场指挥", 120, "预计超过备用时间的，转移到备用场地"),
            ]),
        ),
        (
            "platform_failure",
            "报名平台故障应急预案",
            30,
            json!([
                step("现场指挥", 5, "核实故障现象，向采购人联络人核对口径"),
                step("现场指挥", 10, "发布统一答复话术和公告"),
                step("登记员", 30, "登记受影响考生，恢复后逐一回访"),
            ]),
        ),
    ];
    let mut written = Vec::new();
    for (scenario, title, rto, steps) in plans {
        // Of one the drill is late.
        stage.at(
            if scenario == "staff_absence" {
                230
            } else {
                120
            },
            9,
            0,
        );
        let body = json!({
            "scenario": scenario, "title": title, "owner_id": stage.id("manager")?, "rto_minutes": rto, "roles": roles.clone(),
            "steps": steps, "contacts": contacts.clone(),
        });
        written.push(stage.post("manager", "/continuity/plans", body).await?);
    }
    stage.at(33, 16, 0);
    let drills = [
        (1, true, "切换备用线路用时六分钟，公告播放正常。", None),
        (
            2,
            false,
            "备用电源只支撑18分钟，手工登记表数量不足。",
            Some("申请更换备用电源；每座席备手工登记表两张"),
        ),
    ];
    for (place, passed, findings, better) in drills {
        let body = json!({"held_on": stage.day(33), "participants": "当班全体座席、现场主管、技术联络", "findings": findings, "improvements": better, "passed": passed});
        let path = format!("/continuity/plans/{}/drills", text(&written[place]["id"]));
        stage.post("lead", &path, body).await?;
    }
    stage.at(7, 9, 0);
    for (who, phone, note) in [
        ("agent6", "13900000006", "考试周备勤"),
        ("quality", "13900000011", "可临时接听"),
    ] {
        let body = json!({"user_id": stage.id(who)?, "from_day": stage.day(7), "until_day": stage.day(-14), "phone": phone, "note": note});
        stage.post("lead", "/continuity/standbys", body).await?;
    }
    let sheets = stage
        .post("lead", "/continuity/sheets", json!({"sheets": 3}))
        .await?;
    let last = sheets["items"][0].clone();
    let body = json!({"note": "演练用，未登记"});
    stage
        .does("lead", "continuity/sheets", &last, "close", body)
        .await?;
    Ok(())
}

/// The seats are looked at; today one has a fault, and the hall waits for its picture.
async fn checks(stage: &mut Stage, ago: i64) -> Result<()> {
    if ago > 0 {
        stage.at(ago, 8, 40);
    }
    let items = ["话机耳麦", "电脑网络", "桌面整洁"];
    let seats = if ago > 0 { 6 } else { 3 };
    for seat in 1..=seats {
        let fault = ago == 0 && seat == 2;
        let found: Vec<Value> = items
            .iter()
            .map(|item| json!({"item": item, "ok": !(fault && *item == "话机耳麦")}))
            .collect();
        let note = fault.then_some("耳麦左侧无声，已换备用");
        let body = json!({"point": format!("Z{seat}"), "items": found, "note": note});
        stage.post("lead", "/daily-checks", body).await?;
    }
    Ok(())
}
