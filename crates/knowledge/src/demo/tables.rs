//! The demo's look-up tables, with dates around the present, and its two fault trees.

use chrono::{DateTime, Datelike as _, TimeDelta, TimeZone as _, Utc};

use crate::fault_tree::{FaultAnswer, FaultNode, FaultOutcome};
use crate::lookup::{Entry, ExamPlan, TitleBatch};

/// That hour in Guangzhou, so many days from the present.
fn day(now: DateTime<Utc>, days: i64, hour: u32) -> Option<DateTime<Utc>> {
    let date = (now + TimeDelta::days(days))
        .with_timezone(&calendar::SHANGHAI)
        .date_naive();
    let local = calendar::SHANGHAI.from_local_datetime(&date.and_hms_opt(hour, 0, 0)?);
    Some(local.single()?.with_timezone(&Utc))
}

fn year(now: DateTime<Utc>) -> i32 {
    now.with_timezone(&calendar::SHANGHAI).year()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Examinations: one before, one in and one after each window.
pub(super) fn exam_plans(now: DateTime<Utc>) -> Vec<Entry<ExamPlan>> {
    // The first day of the registration, in days from the present.
    let plans = [
        ("jzs1", "一级建造师", 12),
        ("jjs-zj", "中级经济师", -5),
        ("yaoshi", "执业药师", -55),
        ("jzs2", "二级建造师", -80),
        ("shegong", "社会工作者", -150),
    ];
    let plan = |(code, name, from): (&str, &str, i64)| Entry {
        code: format!("{}-{code}", year(now)),
        year: year(now),
        name: name.to_owned(),
        active: true,
        facts: ExamPlan {
            registration_from: day(now, from, 9),
            registration_to: day(now, from + 10, 17),
            payment_to: day(now, from + 12, 17),
            print_from: day(now, from + 50, 9),
            print_to: day(now, from + 57, 17),
            exam_from: day(now, from + 56, 9),
            exam_to: day(now, from + 57, 17),
            score_at: day(now, from + 110, 10),
            review_from: day(now, from + 110, 10),
            review_to: day(now, from + 120, 17),
            certificate_from: day(now, from + 140, 9),
            entrance: "本次考试报名公告所列的报名网站".to_owned(),
            fee: "以本次考试收费公告为准".to_owned(),
            note: "以本次考试报名公告为准".to_owned(),
            internal_note: "演示数据：高峰在报名最后两天，注意增派座席".to_owned(),
        },
        public: names(&[
            "registration_from",
            "registration_to",
            "payment_to",
            "print_from",
            "print_to",
            "exam_from",
            "exam_to",
            "score_at",
            "entrance",
            "note",
        ]),
    };
    plans.into_iter().map(plan).collect()
}

/// Rounds of title evaluations.
pub(super) fn title_batches(now: DateTime<Utc>) -> Vec<Entry<TitleBatch>> {
    let batches = [
        (
            "jz-fg",
            "建筑工程系列副高级",
            "建筑工程",
            "副高",
            -10,
            "受理中",
        ),
        ("jy-zj", "教育系列中级", "教育", "中级", 20, "未开始"),
        (
            "jj-zg",
            "经济系列正高级",
            "经济",
            "正高",
            -100,
            "评审结果公示中",
        ),
    ];
    let batch =
        |(code, name, series, level, from, progress): (&str, &str, &str, &str, i64, &str)| Entry {
            code: format!("{}-{code}", year(now)),
            year: year(now),
            name: name.to_owned(),
            active: true,
            facts: TitleBatch {
                apply_from: day(now, from, 9),
                apply_to: day(now, from + 30, 17),
                accept_from: day(now, from + 5, 9),
                accept_to: day(now, from + 45, 17),
                supplement_to: day(now, from + 50, 17),
                evaluation_from: day(now, from + 60, 9),
                evaluation_to: day(now, from + 90, 17),
                publicity_from: day(now, from + 97, 9),
                publicity_to: day(now, from + 104, 17),
                certificate_from: day(now, from + 120, 9),
                series: series.to_owned(),
                level: level.to_owned(),
                board: "以评审通知所列评委会为准".to_owned(),
                accept_point: "以本次评审通知所列受理点为准".to_owned(),
                progress: progress.to_owned(),
                note: "不收纸质材料，以系统提交为准".to_owned(),
                internal_note: "演示数据".to_owned(),
            },
            public: names(&[
                "apply_from",
                "apply_to",
                "supplement_to",
                "publicity_from",
                "publicity_to",
                "series",
                "level",
                "accept_point",
                "progress",
                "note",
            ]),
        };
    batches.into_iter().map(batch).collect()
}

fn asks(id: &str, text: &str, answers: &[(&str, &str)]) -> FaultNode {
    let answer = |(label, to): &(&str, &str)| FaultAnswer {
        label: (*label).to_owned(),
        to: (*to).to_owned(),
    };
    FaultNode {
        id: id.to_owned(),
        text: text.to_owned(),
        answers: answers.iter().map(answer).collect(),
        outcome: None,
        article_id: None,
    }
}

fn ends(id: &str, text: &str, outcome: FaultOutcome) -> FaultNode {
    FaultNode {
        outcome: Some(outcome),
        ..asks(id, text, &[])
    }
}

/// 报名系统登录不了
pub(super) fn sign_in_fails() -> Vec<FaultNode> {
    vec![
        asks(
            "what",
            "登录时页面怎样？",
            &[
                ("提示用户名或密码错误", "recovery"),
                ("页面打不开或一直转", "others"),
                ("提示账号被锁定", "locked"),
            ],
        ),
        asks(
            "recovery",
            "请用“找回用户名或密码”，能找回吗？",
            &[("能", "done"), ("不能", "identity")],
        ),
        asks(
            "others",
            "换一个浏览器或网络后能打开吗？",
            &[("能", "done"), ("不能", "time")],
        ),
        asks(
            "time",
            "现在是报名高峰时段吗？",
            &[("是", "later"), ("不是", "report")],
        ),
        ends(
            "done",
            "已恢复，请继续报名，并妥善保管用户名和密码。",
            FaultOutcome::Solved,
        ),
        ends(
            "later",
            "请避开高峰，过半小时再试；截止前仍不行请再来电。",
            FaultOutcome::Solved,
        ),
        ends(
            "locked",
            "请过三十分钟再登录；仍被锁定的，登记姓名和联系方式，转考试机构核实。",
            FaultOutcome::Escalate,
        ),
        ends(
            "identity",
            "请登记姓名、证件类型和联系方式，由考试机构核实身份后协助。不要索取密码。",
            FaultOutcome::Escalate,
        ),
        ends(
            "report",
            "请登记报错截图、时间、浏览器名称和版本，转技术单位。",
            FaultOutcome::Escalate,
        ),
    ]
}

/// 照片上传失败
pub(super) fn photo_fails() -> Vec<FaultNode> {
    vec![
        asks(
            "tool",
            "照片用报名系统的照片处理工具处理过吗？",
            &[("没有", "process"), ("处理过", "message")],
        ),
        asks(
            "process",
            "请处理后再传，成功了吗？",
            &[("成功", "done"), ("失败", "message")],
        ),
        asks(
            "message",
            "页面提示什么？",
            &[
                ("尺寸或大小不符", "size"),
                ("格式不支持", "format"),
                ("没有提示或一直转", "browser"),
            ],
        ),
        asks(
            "browser",
            "换浏览器后能上传吗？",
            &[("能", "done"), ("不能", "report")],
        ),
        ends(
            "done",
            "已上传，请核对照片是否清晰、是否为本人。",
            FaultOutcome::Solved,
        ),
        ends(
            "size",
            "请按页面要求的尺寸和大小重新处理后上传。",
            FaultOutcome::Solved,
        ),
        ends(
            "format",
            "请把照片另存为页面要求的格式后上传。",
            FaultOutcome::Solved,
        ),
        ends(
            "report",
            "请登记截图、浏览器名称和版本，转技术单位。",
            FaultOutcome::Escalate,
        ),
    ]
}
