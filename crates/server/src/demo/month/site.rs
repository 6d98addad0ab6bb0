//! How busy the last eight weeks were, by half hours, and what the lead wrote into the log of the site.

use chrono::{Datelike as _, Days, NaiveDate};
use kernel::problem::Result;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _};
use serde_json::json;
use workforce::intraday::HalfHour;
use workforce::intraday::load::{LEARNT, row};

use super::{Story, overtime};

/// Calls of a usual day in each half hour from 08:30 on.
const USUAL: [i64; 19] = [6, 9, 12, 12, 10, 8, 7, 2, 2, 2, 5, 9, 11, 10, 9, 8, 7, 5, 3];
/// The half hour of the day that begins at 08:30.
const FIRST: usize = 17;
/// Seconds of talk and wrap-up.
const HANDLE_SECONDS: i64 = 232;

/// Working days ago, hour, kind, what was written.
const LOG: [(usize, u32, &str, &str); 7] = [
    (
        8,
        15,
        "queue",
        "报名期间下午来电集中，14:30 起排队最多 5 人，两名座席推迟小休，15:10 恢复。",
    ),
    (
        6,
        9,
        "attendance",
        "6 号席吴浩然未到岗，电话未接通，已报运营经理并登记缺勤。",
    ),
    (
        5,
        17,
        "equipment",
        "1 号席电脑自动更新重启，下班卡用手机补打，已核对本人。",
    ),
    (
        4,
        9,
        "hygiene",
        "晨检：座席区、茶水间已清洁，话机和耳麦已消毒。",
    ),
    (
        3,
        16,
        "safety",
        "安全巡查：消防通道畅通，UPS 自检正常，门禁记录已核对。",
    ),
    (
        2,
        11,
        "incident",
        "11:06–11:09 市电闪断，UPS 接管，无掉线、无漏接。",
    ),
    (1, 17, "hygiene", "闭岗检查：垃圾清运、空调和显示器已关。"),
];

pub(super) async fn play(story: &mut Story) -> Result<()> {
    calls(story).await?;
    for (ago, hour, kind, said) in LOG {
        story.stage.on(story.ago(ago), hour, 20);
        let body = json!({"kind": kind, "said": said});
        story.stage.post("lead", "/site-log", body).await?;
    }
    story.stage.now();
    Ok(())
}

async fn calls(story: &Story) -> Result<()> {
    let today = story.stage.today();
    let peak = overtime::weekend(story, overtime::PAST);
    let days = story.workdays(today - Days::new(LEARNT), today);
    let rows: Vec<row::Model> = days
        .iter()
        .flat_map(|on| half_hours(*on, peak))
        .map(row::Model::from)
        .collect();
    let db = story.stage.app().db.clone();
    db.write(move |tx| async move {
        let rows = rows
            .into_iter()
            .map(|row| row.into_active_model().reset_all());
        row::Entity::insert_many(rows)
            .exec_without_returning(&*tx)
            .await?;
        Ok(())
    })
    .await
}

/// A day like others, more on a Monday, twice as much around the weekend of the registration.
fn half_hours(on: NaiveDate, peak: Option<NaiveDate>) -> impl Iterator<Item = HalfHour> {
    let percent = 100 - 4 * i64::from(on.weekday().num_days_from_monday())
        + i64::from(on.day() * 7 % 11)
        + if on.weekday() == chrono::Weekday::Mon {
            15
        } else {
            0
        };
    let near = peak.is_some_and(|peak| (on - peak).num_days().abs() <= 3);
    let percent = if near { percent * 2 } else { percent };
    USUAL.iter().enumerate().map(move |(at, usual)| {
        let shift = i64::try_from(at).unwrap_or_default() * 5 + i64::from(on.day());
        let calls = (usual * percent / 100 + shift % 3 - 1).max(0);
        HalfHour {
            day: on,
            half_hour: FIRST + at,
            calls,
            handled: calls - calls / 20,
            handle_seconds: (calls - calls / 20) * HANDLE_SECONDS,
        }
    })
}
