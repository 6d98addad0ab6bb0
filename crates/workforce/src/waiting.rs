//! What of attendance, overtime, leave and swaps waits for somebody's yes.

use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use crate::attendance::AttendanceDayState;
use crate::attendance::store::row as sheet;
use crate::leave::LeaveState;
use crate::leave::store::row as leave;
use crate::overtime::OvertimeState;
use crate::overtime::store::row as overtime;
use crate::rights::{
    AskSwap, ConfirmAttendance, DecideLeave, DecideSwap, PlanOvertime, RequestOvertime,
};
use crate::swap::SwapState;
use crate::swap::store::row as swap;

const DAY: &str = "attendance_day";
const OVERTIME: &str = "overtime_order";
const LEAVE: &str = "leave_request";
const SWAP: &str = "shift_swap";

/// The kinds of decisions.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let (of_days, of_overtime) = (app.clone(), app.clone());
    let (of_leave, of_swaps) = (app.clone(), app.clone());
    vec![
        WaitingKind::new(DAY, move |person| {
            let app = of_days.clone();
            async move { days(&app, &person).await }
        }),
        WaitingKind::new(OVERTIME, move |person| {
            let app = of_overtime.clone();
            async move { overtime_orders(&app, &person).await }
        }),
        WaitingKind::new(LEAVE, move |person| {
            let app = of_leave.clone();
            async move { leave_requests(&app, &person).await }
        }),
        WaitingKind::new(SWAP, move |person| {
            let app = of_swaps.clone();
            async move { swaps(&app, &person).await }
        }),
    ]
}

/// Closed days wait for the purchaser; several are confirmed at once on their page.
async fn days(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<ConfirmAttendance>() {
        return Ok(Vec::new());
    }
    let rows = sheet::Entity::find()
        .filter(sheet::Column::State.eq(AttendanceDayState::Closed.as_str()))
        .order_by_asc(sheet::Column::OnDay)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: DAY,
        id: row.id,
        number: None,
        title: row.on_day.clone(),
        section: None,
        since: row.closed_at.unwrap_or(row.updated_at),
        due_at: None,
        page: format!("/attendance/{}", row.on_day),
        consent: (row.exceptions == 0).then(|| Consent {
            path: "/api/v1/attendance-days/confirm".to_owned(),
            body: json!({ "days": [{ "day": row.on_day, "version": row.version }] }),
        }),
    });
    Ok(waiting.collect())
}

/// Overtime waits for who plans it, and once it was worked for the purchaser.
async fn overtime_orders(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    let mut states = Vec::new();
    if person.may::<PlanOvertime>() {
        states.push(OvertimeState::Requested.as_str());
    }
    if person.may::<RequestOvertime>() {
        states.push(OvertimeState::Worked.as_str());
    }
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let rows = overtime::Entity::find()
        .filter(overtime::Column::State.is_in(states))
        .order_by_asc(overtime::Column::RequestedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: OVERTIME,
        id: row.id,
        section: None,
        since: row.updated_at,
        due_at: None,
        page: format!("/overtime/{}", row.id),
        consent: (row.state == OvertimeState::Worked.as_str()).then(|| Consent {
            path: format!("/api/v1/overtime-orders/{}/decide", row.id),
            body: json!({ "decision": "confirm", "version": row.version }),
        }),
        number: Some(row.number),
        title: row.reason,
    });
    Ok(waiting.collect())
}

async fn leave_requests(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideLeave>() {
        return Ok(Vec::new());
    }
    let rows = leave::Entity::find()
        .filter(leave::Column::State.eq(LeaveState::Requested.as_str()))
        .order_by_asc(leave::Column::FromDay)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let people =
        organization::colleagues(app.db.read(), rows.iter().map(|row| row.user_id)).await?;
    let waiting = rows.into_iter().map(|row| {
        let name = people.get(&row.user_id).map(|person| person.name.as_str());
        Waiting {
            kind: LEAVE,
            id: row.id,
            // The reason is for who opens it.
            title: format!(
                "{} {} – {}",
                name.unwrap_or_default(),
                row.from_day,
                row.to_day
            ),
            section: None,
            since: row.requested_at,
            due_at: None,
            page: format!("/leave?open={}", row.id),
            consent: Some(Consent {
                path: format!("/api/v1/leave-requests/{}/decide", row.id),
                body: json!({ "approve": true, "version": row.version }),
            }),
            number: Some(row.number),
        }
    });
    Ok(waiting.collect())
}

/// A swap waits for the colleague, then for the lead.
async fn swaps(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    use swap::Column as C;
    let mut which = Condition::any();
    if person.may::<AskSwap>() {
        let asked = C::State.eq(SwapState::Asked.as_str());
        which = which.add(asked.and(C::ColleagueId.eq(person.user_id)));
    }
    if person.may::<DecideSwap>() {
        which = which.add(C::State.eq(SwapState::Accepted.as_str()));
    }
    if which.is_empty() {
        return Ok(Vec::new());
    }
    let rows = swap::Entity::find()
        .filter(which)
        .order_by_asc(C::AskerDay)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let (verb, body) = if row.state == SwapState::Asked.as_str() {
            ("answer", json!({ "accept": true, "version": row.version }))
        } else {
            ("decide", json!({ "approve": true, "version": row.version }))
        };
        Waiting {
            kind: SWAP,
            id: row.id,
            title: format!("{} ⇄ {}", row.asker_day, row.colleague_day),
            section: None,
            since: row.updated_at,
            due_at: None,
            page: format!("/swaps?open={}", row.id),
            consent: Some(Consent {
                path: format!("/api/v1/shift-swaps/{}/{verb}", row.id),
                body,
            }),
            number: Some(row.number),
        }
    });
    Ok(waiting.collect())
}
