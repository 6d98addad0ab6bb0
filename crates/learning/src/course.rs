//! Courses: what is taught, from which materials, when, to whom, and how they did.

pub mod http;
pub mod ledger;
pub mod session_http;
pub mod store;

use kernel::audit::Who;
use kernel::problem::{Result, invalid};
use kernel::{App, Tx, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// Where a session stands.
    SessionState {
        /// 计划中
        Planned = "planned",
        /// 已结课: who came is recorded.
        Held = "held",
        /// 已取消
        Cancelled = "cancelled",
    }
}

words! {
    /// Whether somebody came.
    AttendanceState {
        /// 应到
        Expected = "expected",
        /// 出勤
        Attended = "attended",
        /// 缺勤
        Absent = "absent",
        /// 请假
        Excused = "excused",
    }
}

/// How somebody took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttendanceEntry {
    /// Who.
    pub user_id: Uuid,
    /// Whether he came.
    pub state: AttendanceState,
    /// How long; all of the session when left out, and nothing for who did not come.
    pub minutes: Option<i32>,
    /// How he did, in words.
    #[serde(default)]
    pub result: String,
    /// How he did, of a hundred.
    pub percent: Option<i32>,
}

impl AttendanceEntry {
    /// The minutes that count, in a session of so many; says no to what cannot be.
    pub fn counted(&self, session: i32) -> Result<i32> {
        if self
            .percent
            .is_some_and(|percent| !(0..=100).contains(&percent))
        {
            return Err(invalid("percent", "percent_invalid", "0 to 100"));
        }
        if self.state != AttendanceState::Attended {
            return match self.minutes {
                None | Some(0) => Ok(0),
                Some(_) => Err(invalid(
                    "minutes",
                    "minutes_invalid",
                    "who did not come has no minutes",
                )),
            };
        }
        let minutes = self.minutes.unwrap_or(session);
        if (1..=session).contains(&minutes) {
            return Ok(minutes);
        }
        Err(invalid(
            "minutes",
            "minutes_invalid",
            format!("1 to {session}"),
        ))
    }
}

/// Begins a course by what was learnt elsewhere; gives its id and its number.
///
/// # Errors
/// 422 for texts that are too long.
pub async fn begin(
    app: &App,
    tx: &Tx,
    who: &Who,
    (title, description): (&str, &str),
    matter: &str,
) -> Result<(Uuid, String)> {
    let wish = store::Wish {
        title: title.to_owned(),
        matter: Some(matter.to_owned()),
        description: description.to_owned(),
        minutes: 45,
        state: "active".to_owned(),
    };
    let course = store::put(app, tx, who, None, wish).await?;
    Ok((course.id, course.number))
}
