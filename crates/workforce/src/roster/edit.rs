//! Changing the cells of a month: a draft as one likes, a published roster with a reason, as new rows, and the persons
//! concerned are told.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::problem::{Problem, Result, refused};
use kernel::{App, Tx, day, versioned};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{cell, change, row};
use super::view::Finding;
use super::{Month, RosterCause};
use crate::shift::Breach;
use crate::trail;

/// Rows that one statement writes: a database takes so many values.
const AT_ONCE: usize = 1_000;

/// A cell as it is to be: the code of the shift, or none.
pub(crate) type Cell = ((NaiveDate, Uuid), Option<String>);

/// A cell with the shift before and after.
pub(crate) type Turn = ((NaiveDate, Uuid), Option<String>, Option<String>);

/// Why cells change.
#[derive(Debug, Clone)]
pub(crate) struct Why {
    pub cause: RosterCause,
    /// The request or swap that it comes from.
    pub of: Option<Uuid>,
    pub reason: Option<String>,
}

/// Writes the cells of one month over what is there; those that are so already are left alone. Answers the roster after
/// it and the cells that changed, each with the shift before.
pub(crate) async fn write(
    (app, tx, who): (&App, &Tx, &Who),
    before: &row::Model,
    cells: &[Cell],
    why: &Why,
) -> Result<(row::Model, Vec<Cell>)> {
    let wanted: BTreeMap<(NaiveDate, Uuid), Option<String>> = cells.iter().cloned().collect();
    let here = cell::Column::OnDay
        .is_in(days(wanted.keys()))
        .and(cell::Column::UserId.is_in(people(wanted.keys())));
    let rows = cell::Entity::find().filter(here.clone()).all(&**tx).await?;
    let mut held: BTreeMap<(NaiveDate, Uuid), String> = BTreeMap::new();
    for row in rows {
        held.insert((day::read(&row.on_day)?, row.user_id), row.shift_id);
    }
    let mut changed: Vec<Cell> = Vec::new();
    for (key, shift) in &wanted {
        let was = held.get(key).cloned();
        if was != *shift {
            changed.push((*key, was));
        }
    }
    if changed.is_empty() {
        return Ok((before.clone(), changed));
    }
    for (key, shift) in &wanted {
        match shift {
            Some(shift) => held.insert(*key, shift.clone()),
            None => held.remove(key),
        };
    }
    cell::Entity::delete_many().filter(here).exec(&**tx).await?;
    let rows: Vec<cell::ActiveModel> = held
        .into_iter()
        .map(|((on, user_id), shift_id)| {
            let row = cell::Model {
                on_day: day::text(on),
                user_id,
                shift_id,
            };
            row.into_active_model().reset_all()
        })
        .collect();
    for rows in rows.chunks(AT_ONCE) {
        cell::Entity::insert_many(rows.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    let mut after = before.clone();
    if before.is_published() {
        after.revision += 1;
        let now_is = |key: &(NaiveDate, Uuid)| wanted.get(key).cloned().flatten();
        let rows = changed
            .iter()
            .map(|(key, was)| (*key, was.clone(), now_is(key)))
            .collect();
        record((app, tx, who), (&after.month, after.revision), rows, why).await?;
    }
    let after = save(app, tx, before, after).await?;
    let what = if before.is_published() {
        "changed"
    } else {
        "edited"
    };
    // Who asked for leave or a swap is told of that.
    let told: Vec<Uuid> = if before.is_published() && why.cause == RosterCause::Edit {
        people(changed.iter().map(|(key, _)| key))
    } else {
        Vec::new()
    };
    let facts = json!({
        "cells": changed.len(), "cause": why.cause, "cause_id": why.of, "recipients": told,
    });
    tell((app, tx, who), &after, what, facts).await?;
    Ok((after, changed))
}

/// Writes a roster that was begun now, or over what was read.
pub(crate) async fn save(
    app: &App,
    tx: &Tx,
    before: &row::Model,
    mut after: row::Model,
) -> Result<row::Model> {
    if before.version > 0 {
        return versioned::save(app, &**tx, before, after).await;
    }
    after.version = 1;
    after.updated_at = app.clock.now();
    versioned::insert(&**tx, &after).await?;
    Ok(after)
}

/// Adds rows to what was published: each cell with the shift before and after.
pub(crate) async fn record(
    (app, tx, who): (&App, &Tx, &Who),
    (month, revision): (&str, i64),
    cells: Vec<Turn>,
    why: &Why,
) -> Result<()> {
    let now = app.clock.now();
    let rows: Vec<change::ActiveModel> = cells
        .into_iter()
        .map(|((on, user_id), before_shift_id, shift_id)| {
            let row = change::Model {
                id: app.ids.next(),
                month: month.to_owned(),
                revision,
                on_day: day::text(on),
                user_id,
                before_shift_id,
                shift_id,
                cause: why.cause.as_str().to_owned(),
                cause_id: why.of,
                reason: why.reason.clone(),
                written_by: who.user_id,
                written_at: now,
            };
            row.into_active_model().reset_all()
        })
        .collect();
    for rows in rows.chunks(AT_ONCE) {
        change::Entity::insert_many(rows.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Audit trail, event and live news of a roster.
pub(crate) async fn tell(
    by: (&App, &Tx, &Who),
    row: &row::Model,
    what: &str,
    mut facts: Value,
) -> Result<()> {
    facts["number"] = json!(row.month);
    facts["state"] = json!(row.state);
    facts["revision"] = json!(row.revision);
    facts["version"] = json!(row.version);
    trail::tell(by, ("roster", row.id), what, facts).await
}

/// The cells of each month.
pub(crate) fn by_month(cells: Vec<Cell>) -> BTreeMap<Month, Vec<Cell>> {
    let mut months: BTreeMap<Month, Vec<Cell>> = BTreeMap::new();
    for cell in cells {
        months.entry(Month::of(cell.0.0)).or_default().push(cell);
    }
    months
}

fn days<'a>(keys: impl Iterator<Item = &'a (NaiveDate, Uuid)>) -> Vec<String> {
    let days: BTreeSet<NaiveDate> = keys.map(|(on, _)| *on).collect();
    days.into_iter().map(day::text).collect()
}

fn people<'a>(keys: impl Iterator<Item = &'a (NaiveDate, Uuid)>) -> Vec<Uuid> {
    let people: BTreeSet<Uuid> = keys.map(|(_, user)| *user).collect();
    people.into_iter().collect()
}

/// 409 with what would break: hard rules never, coverage only where it is said why.
pub(crate) fn must_hold(broken: &[Breach], despite: Option<&str>) -> Result<()> {
    let hard: Vec<&Breach> = broken.iter().filter(|one| one.rule.is_hard()).collect();
    if !hard.is_empty() {
        let detail = format!("{} rules of the roster would be broken", hard.len());
        return Err(breaks("roster_breaks", detail, hard)
            .with_way_out("mend what is named; a rule itself is agreed anew, not broken"));
    }
    if !broken.is_empty() && despite.is_none() {
        let detail = format!("too few people in {} places", broken.len());
        return Err(breaks("roster_short", detail, broken.iter().collect())
            .with_way_out("plan others, or say why it is done despite it"));
    }
    Ok(())
}

/// What a problem document names at most.
const NAMED: usize = 100;

/// 409 with the breaches, by the first hundred.
pub(crate) fn breaks(code: &'static str, detail: String, broken: Vec<&Breach>) -> Problem {
    let named: Vec<Finding> = broken.into_iter().take(NAMED).map(Finding::from).collect();
    refused(code, detail).with("breaches", json!(named))
}
