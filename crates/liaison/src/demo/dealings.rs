//! Liaison persons, the team, letters, urgent notices, meetings, supervision, changes.

use kernel::audit::Who;
use kernel::problem::Result;
use serde_json::{Value, json};

use super::{Stage, of, text};
use crate::urgent::store as urgent;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    liaisons(stage).await?;
    team(stage).await?;
    letters(stage).await?;
    urgent_notices(stage).await?;
    meetings(stage).await?;
    supervision(stage).await?;
    changes(stage).await?;
    stage.now();
    Ok(())
}

async fn liaisons(stage: &mut Stage) -> Result<()> {
    stage.at(150, 9, 0);
    let named = [
        ("manager", "hr", "primary", 150, Some(91), "020-80000101"),
        ("manager", "liaison", "primary", 90, None, "020-80000102"),
        ("manager", "lead", "substitute", 150, None, "020-80000103"),
        (
            "purchaser",
            "counterpart",
            "primary",
            150,
            None,
            "020-80000201",
        ),
        (
            "purchaser",
            "purchaser",
            "substitute",
            150,
            None,
            "020-80000202",
        ),
    ];
    for (who, user, standing, from, until, phone) in named {
        let body = json!({
            "user_id": stage.id(user)?, "standing": standing, "from_day": stage.day(from),
            "until_day": until.map(|ago| stage.day(ago)), "phone": phone, "ways": ["console", "phone", "wechat"],
        });
        stage.post(who, "/liaisons", body).await?;
    }
    Ok(())
}

async fn team(stage: &mut Stage) -> Result<()> {
    stage.at(200, 10, 0);
    let mut chart = Value::Null;
    let members = [
        (
            "项目经理",
            "梁国栋",
            Some("manager"),
            None,
            "全面负责项目运营，对服务质量和合同履约负责",
            200,
        ),
        (
            "现场主管",
            "周敏",
            Some("lead"),
            Some("梁国栋"),
            "排班调度、现场管理、应急处置",
            200,
        ),
        (
            "质检主管",
            "何静",
            Some("quality"),
            Some("梁国栋"),
            "通话质检、话术校准、整改跟踪",
            200,
        ),
        (
            "培训主管",
            "方文斌",
            None,
            Some("梁国栋"),
            "岗前和在岗培训、考核组织",
            200,
        ),
        (
            "数据分析师",
            "谢思远",
            Some("analyst"),
            Some("梁国栋"),
            "话务预测、专题分析、报表",
            200,
        ),
        (
            "人事合规专员",
            "苏婉仪",
            Some("hr"),
            Some("梁国栋"),
            "人员档案、资格、社保凭证",
            200,
        ),
        (
            "综合联络",
            "邓志明",
            Some("liaison"),
            Some("梁国栋"),
            "公函往来、会议、物资",
            200,
        ),
    ];
    for (position, name, user, chief, duties, ago) in members {
        let body = json!({
            "position": position, "name": name, "duties": duties, "appointed_on": stage.day(ago),
            "user_id": user.map(|user| stage.id(user)).transpose()?,
            "reports_to": chief.map(|chief| of(&chart, "name", chief)["id"].clone()),
        });
        chart = stage.post("hr", "/team", body).await?;
    }
    stage.at(199, 9, 30);
    for (_, name, ..) in members {
        let filed = of(&chart, "name", name).clone();
        chart = stage
            .does("counterpart", "team", &filed, "acknowledge", json!({}))
            .await?;
    }
    stage.at(3, 16, 0);
    let before = of(&chart, "name", "方文斌").clone();
    let body = json!({
        "position": "培训主管", "name": "郑宏", "duties": "岗前和在岗培训、考核组织", "appointed_on": stage.day(2),
        "user_id": stage.id("trainer")?, "reports_to": of(&chart, "name", "梁国栋")["id"], "succeeds": before["id"],
    });
    stage.post("hr", "/team", body).await?;
    Ok(())
}

/// Who writes, checks and signs for a side.
const SUPPLIER: [&str; 3] = ["liaison", "hr", "manager"];
const PURCHASER: [&str; 3] = ["counterpart", "purchaser", "purchaser"];

/// How letters go from hand to hand.
trait Letters {
    async fn drafts(&self, people: [&str; 3], words: Value) -> Result<Value>;
    async fn signs(&self, people: [&str; 3], words: Value) -> Result<Value>;
    async fn sends(&self, people: [&str; 3], words: Value) -> Result<Value>;
}

impl Letters for Stage {
    async fn drafts(&self, [writer, ..]: [&str; 3], words: Value) -> Result<Value> {
        self.post(writer, "/letters", words).await
    }

    async fn signs(&self, people: [&str; 3], words: Value) -> Result<Value> {
        let [writer, checker, signer] = people;
        let letter = self.drafts(people, words).await?;
        let letter = self.step(writer, "letters", &letter, "submit").await?;
        let letter = self.step(checker, "letters", &letter, "review").await?;
        self.does(signer, "letters", &letter, "sign", json!({}))
            .await
    }

    async fn sends(&self, people: [&str; 3], words: Value) -> Result<Value> {
        let letter = self.signs(people, words).await?;
        let letter = self.step(people[0], "letters", &letter, "seal").await?;
        self.step(people[0], "letters", &letter, "send").await
    }
}

async fn letters(stage: &mut Stage) -> Result<()> {
    // Asked, answered, both in the archive.
    stage.at(41, 9, 20);
    let fields = json!({"person": "黄丽娟", "reason": "本人家庭原因", "last_day": "本月末", "successor": "候选人甲"});
    let first = stage
        .sends(
            SUPPLIER,
            json!({"template": "personnel_change", "fields": fields}),
        )
        .await?;
    stage.at(41, 14, 5);
    let first = stage
        .step("counterpart", "letters", &first, "receive")
        .await?;
    stage
        .step("counterpart", "letters", &first, "begin")
        .await?;
    stage.at(39, 10, 40);
    let reply = json!({
        "title": "关于同意人员变动的复函", "in_reply_to": first["id"],
        "body": ["贵公司来函收悉。经审核有关资料，同意所报人员变动安排。", "请按约定办理岗前培训、考核和工单交接，确保岗位不空缺。", "特此函复。"],
    });
    let reply = stage.sends(PURCHASER, reply).await?;
    stage.at(39, 15, 10);
    let reply = stage.step("liaison", "letters", &reply, "receive").await?;
    stage
        .step("counterpart", "letters", &reply, "archive")
        .await?;
    let first = stage
        .looks("liaison", &format!("/letters/{}", text(&first["id"])))
        .await?;
    stage.step("liaison", "letters", &first, "archive").await?;
    // Signed, then voided: its number stays taken.
    stage.at(34, 11, 0);
    let words = json!({"template": "general", "fields": {"matter": "调整国庆期间座席排班", "content": "拟于国庆期间安排三名座席值守。"}});
    let void = stage.signs(SUPPLIER, words).await?;
    let body = json!({"action": "void", "reason": "排班人数有误，另行发函"});
    stage
        .does("liaison", "letters", &void, "steps", body)
        .await?;
    // Its reply is late.
    stage.at(30, 10, 0);
    let words = json!({
        "template": "general", "reply_days": 3, "urgency": "urgent", "cc": ["考试科"],
        "fields": {"matter": "报名高峰期间增开夜间服务", "content": "根据近三年话务数据，考试报名首周晚间来电约为平日的2.6倍。建议报名首周将服务时间延长至21时，所需座席由我公司调剂，不另行计费。"},
    });
    let late = stage.sends(SUPPLIER, words).await?;
    stage.at(30, 15, 30);
    stage
        .step("counterpart", "letters", &late, "receive")
        .await?;
    // Received, its reply is awaited.
    stage.at(1, 9, 10);
    let words = json!({
        "title": "关于报送热线运营情况的函", "reply_days": 5, "secrecy": "internal",
        "body": ["为做好年度服务评价工作，请贵公司报送以下材料：", "一、本年度各月接通率、满意度和一次性解决率；", "二、座席在岗、培训和考核情况；", "三、存在问题和改进措施。", "请于收函后五个工作日内函复。"],
    });
    let asked = stage.sends(PURCHASER, words).await?;
    stage.at(1, 10, 25);
    stage.step("liaison", "letters", &asked, "receive").await?;
    // On its way, being checked, being written.
    stage.at(1, 16, 30);
    let words = json!({"template": "general", "cc": ["财务科"],
        "fields": {"matter": "申请核定上月服务费用", "content": "上月话务、在线和12345工单的结算清单已在系统中提交，请予核定。联系人：喆堃、䶮（演示）。"}});
    stage.sends(SUPPLIER, words).await?;
    let words = json!({"template": "general", "fields": {"matter": "更换座席耳麦", "content": "现有耳麦使用已满三年，拟分批更换。"}});
    let checked = stage.drafts(SUPPLIER, words).await?;
    stage.step("liaison", "letters", &checked, "submit").await?;
    let words = json!({"template": "general", "urgency": "extra", "reply_days": 2, "fields": {"matter": "协调报名系统短信通道", "content": "近日验证短信到达偏慢，来电集中。"}});
    stage.drafts(SUPPLIER, words).await?;
    Ok(())
}

async fn urgent_notices(stage: &mut Stage) -> Result<()> {
    stage.at(10, 14, 0);
    let words = json!({"title": "电信线路抖动", "content": "13时50分起部分来电有杂音，已报运营商，预计一小时内恢复。"});
    let heard = stage.post("lead", "/urgent-notices", words).await?;
    stage.at(10, 14, 6);
    stage
        .does(
            "counterpart",
            "urgent-notices",
            &heard,
            "acknowledge",
            json!({}),
        )
        .await?;
    // The first contact does not answer: the substitute is told, and has it.
    stage.at(4, 20, 10);
    let words = json!({"title": "报名系统紧急维护", "content": "今晚21时至23时报名系统停机维护，请座席按公告口径答复，并做好来电登记。"});
    let unheard = stage.post("counterpart", "/urgent-notices", words).await?;
    stage.at(4, 20, 26);
    let app = stage.app().clone();
    let notice = urgent::get(app.db.read(), crate::demo::dealings::id(&unheard)?).await?;
    let db = app.db.clone();
    db.write(
        move |tx| async move { urgent::lapse(&app, &tx, &Who::system("liaison"), &notice).await },
    )
    .await?;
    stage.at(4, 20, 31);
    stage
        .does("lead", "urgent-notices", &unheard, "acknowledge", json!({}))
        .await?;
    Ok(())
}

fn id(seen: &Value) -> Result<uuid::Uuid> {
    text(&seen["id"]).parse().map_err(kernel::problem::internal)
}

async fn meetings(stage: &mut Stage) -> Result<()> {
    stage.at(14, 17, 0);
    let people = [
        "manager",
        "lead",
        "quality",
        "liaison",
        "counterpart",
        "purchaser",
    ];
    let there = people
        .iter()
        .map(|who| stage.id(who))
        .collect::<Result<Vec<_>>>()?;
    let action = |who: &str, what: &str, ago: i64| -> Result<Value> {
        Ok(json!({"what": what, "owner_id": stage.id(who)?, "due_on": stage.day(ago)}))
    };
    let actions = vec![
        action("lead", "补齐报名高峰期应急排班表", 6)?,
        action("quality", "统一“照片不合格”答复话术并送审", 9)?,
        action("manager", "提交下季度人员培训计划", -6)?,
        action("counterpart", "协调报名系统运维值班电话", -3)?,
    ];
    let body = json!({
        "title": "十一月运营例会", "held_on": stage.day(14), "place": "中心三楼会议室", "attendees": there,
        "guests": "运营商客户经理一名", "actions": actions,
        "minutes": ["一、通报上月接通率、满意度和12345工单办理情况。", "二、讨论报名高峰期的排班和应急安排，同意增设备勤两名。", "三、话术“照片不合格”按考试科意见修订后送审。"],
    });
    let meeting = stage.post("manager", "/meetings", body).await?;
    stage.at(13, 10, 0);
    stage
        .does("counterpart", "meetings", &meeting, "confirm", json!({}))
        .await?;
    stage.at(9, 16, 0);
    let agreed = meeting["actions_agreed"].as_array();
    let done = agreed.and_then(|all| {
        all.iter()
            .find(|one| text(&one["what"]).starts_with("统一"))
    });
    if let Some(done) = done {
        let note = json!({"note": "话术已送审，编号见审批单"});
        stage
            .does("quality", "meeting-actions", done, "finish", note)
            .await?;
    }
    stage.at(2, 11, 30);
    let people = ["counterpart", "section", "manager", "analyst"];
    let there = people
        .iter()
        .map(|who| stage.id(who))
        .collect::<Result<Vec<_>>>()?;
    let body = json!({
        "title": "职称申报专题沟通会", "held_on": stage.day(2), "place": "线上会议", "attendees": there,
        "minutes": ["一、职称科介绍本年度申报要求的变化。", "二、服务商汇总高频问题，三日内补充知识库。"],
        "actions": [{"what": "汇总职称申报高频问题", "owner_id": stage.id("analyst")?, "due_on": stage.day(-1)}],
    });
    stage.post("counterpart", "/meetings", body).await?;
    Ok(())
}

async fn supervision(stage: &mut Stage) -> Result<()> {
    stage.at(25, 15, 0);
    let body = json!({
        "kind": "announced", "title": "保密管理和现场秩序检查", "place": "话务大厅", "inspected_on": stage.day(25),
        "inspectors": "罗建平、曾文斌", "problems": true,
        "findings": "一、两个座席离开时未锁屏；二、废弃的手工登记表未按规定销毁；三、访客登记不完整。",
    });
    let inspection = stage.post("counterpart", "/inspections", body).await?;
    let demand = async |title: &str, demand: &str, days: u16| {
        let body = json!({"inspection_id": inspection["id"], "title": title, "demand": demand, "working_days": days});
        stage.post("counterpart", "/rectifications", body).await
    };
    let locked = demand(
        "离席锁屏",
        "全部座席启用三分钟自动锁屏，班前会重申离席锁屏要求。",
        5,
    )
    .await?;
    let shredded = demand(
        "手工登记表销毁",
        "建立销毁登记，三日内完成历史表单清点销毁。",
        5,
    )
    .await?;
    demand("访客登记", "补齐访客登记表，明确接待人。", 3).await?;
    stage.at(23, 16, 0);
    let body = json!({"answer": "已统一下发锁屏策略并抽查六个座席，均已生效。"});
    let locked = stage
        .does("lead", "rectifications", &locked, "answer", body)
        .await?;
    stage.at(22, 9, 40);
    let body = json!({"action": "verify", "opinion": "现场复查六个座席，均符合要求"});
    stage
        .does("counterpart", "rectifications", &locked, "decide", body)
        .await?;
    stage.at(1, 11, 0);
    let body = json!({"answer": "已建立销毁登记簿，历史表单共46份，双人监督销毁。"});
    stage
        .does("quality", "rectifications", &shredded, "answer", body)
        .await?;
    stage.at(60, 15, 0);
    let body = json!({
        "kind": "spot", "title": "夜间接听抽查", "place": "电话抽测", "inspected_on": stage.day(60),
        "inspectors": "冯惠芳", "problems": false, "findings": "抽测五通，接听及时，答复准确。",
    });
    let spot = stage.post("purchaser", "/inspections", body).await?;
    let spot = stage
        .step("purchaser", "inspections", &spot, "release")
        .await?;
    stage
        .step("purchaser", "inspections", &spot, "close")
        .await?;
    // What the supplier does not know of.
    stage.at(2, 17, 20);
    let body = json!({
        "kind": "unannounced", "title": "职称咨询口径暗访", "place": "电话拨测", "inspected_on": stage.day(2),
        "inspectors": "彭雪梅", "problems": true, "findings": "三通中有一通未告知材料清单的查询途径。",
    });
    stage.post("titles", "/inspections", body).await?;
    Ok(())
}

async fn changes(stage: &mut Stage) -> Result<()> {
    let words = |kind: &str, title: &str, why: &str, before: &str, after: &str, day| json!({"kind": kind, "title": title, "reason": why, "before_text": before, "after_text": after, "planned_on": day});
    stage.at(20, 9, 30);
    let soon = stage.day(15);
    let done = words(
        "layout",
        "座席区增设隔音屏",
        "相邻座席串音",
        "座席之间无隔断",
        "六个座席之间加装隔音屏",
        Some(soon),
    );
    let done = stage.post("lead", "/site-changes", done).await?;
    let done = stage.step("lead", "site-changes", &done, "submit").await?;
    stage.at(19, 10, 0);
    let body = json!({"action": "approve", "opinion": "同意，注意消防通道"});
    let done = stage
        .does("purchaser", "site-changes", &done, "decide", body)
        .await?;
    stage.at(15, 17, 0);
    stage.step("lead", "site-changes", &done, "apply").await?;
    stage.at(1, 10, 0);
    let next = stage.day(-7);
    let asked = words(
        "facility",
        "更换话务交换机备用电源",
        "备用电源已到更换年限",
        "备用时间约20分钟",
        "更换后备用时间不少于60分钟",
        Some(next),
    );
    let asked = stage.post("manager", "/site-changes", asked).await?;
    stage
        .step("manager", "site-changes", &asked, "submit")
        .await?;
    stage.at(1, 15, 20);
    let urgent = words(
        "facility",
        "临时启用备用线路",
        "主线路中断",
        "主线路承载全部来电",
        "来电切至备用线路",
        None,
    );
    let urgent = stage.post("lead", "/site-changes", urgent).await?;
    let body = json!({"action": "emergency", "reason": "运营商光缆中断，来电无法进入"});
    stage
        .does("lead", "site-changes", &urgent, "steps", body)
        .await?;
    let draft = words(
        "layout",
        "调整培训区桌椅",
        "培训人数增加",
        "八人桌两张",
        "改为课桌式二十座",
        None,
    );
    stage.post("liaison", "/site-changes", draft).await?;
    Ok(())
}
