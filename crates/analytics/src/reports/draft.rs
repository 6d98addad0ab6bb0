//! A report comes into being: by the clock or by hand, once for each template and period.

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{Tx, numbers};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::compose::{Plan, composed, keep_words};
use super::content::{ReportContent, ReportCorrection, compared, reworded};
use super::period::ReportPeriod;
use super::store::{self, row};
use super::{Action, ReportDesk, template};

/// The report of a template and period: the one there is, or a new draft with figures of now.
pub(crate) async fn draft(
    desk: &ReportDesk,
    who: &Who,
    template: Uuid,
    period: ReportPeriod,
) -> Result<row::Model> {
    let conn = desk.app.db.read();
    if let Some(made) = store::made(conn, template, period).await? {
        return Ok(made);
    }
    let held = template::store::in_force(conn, template).await?;
    let plan = held.plan(period)?;
    // Counted before the transaction: it may take longer than a writer should wait.
    let mut content = composed(desk, &plan).await?;
    let (app, who) = (desk.app.clone(), who.clone());
    desk.app
        .db
        .write(move |tx| async move {
            if let Some(made) = store::made(&*tx, template, period).await? {
                return Ok(made);
            }
            content.number = numbers::next_of_day(&*tx, "BB-", app.clock.now()).await?;
            let mut new = row::Model {
                number: content.number.clone(),
                template_id: template,
                template_version: plan.version,
                drafted_by: who.user_id,
                ..store::blank(&app, app.ids.next(), period)
            };
            new.put(&content)?;
            store::insert(&app, &tx, &who, new, ("drafted", None)).await
        })
        .await
}

/// What a report is made from.
pub(crate) async fn plan_of(conn: &impl ConnectionTrait, report: &row::Model) -> Result<Plan> {
    let held = template::store::version(conn, report.template_id, report.template_version);
    held.await?.plan(report.period()?)
}

/// A fresh content of a report, with the words people wrote, and with what it corrects.
pub(crate) async fn fresh(desk: &ReportDesk, report: &row::Model) -> Result<ReportContent> {
    let conn = desk.app.db.read();
    let plan = plan_of(conn, report).await?;
    let mut content = composed(desk, &plan).await?;
    let before = report.content()?;
    keep_words(&mut content, &before);
    content.number.clone_from(&report.number);
    content.revision = report.revision;
    content.correction = before.correction;
    if let Some(corrects) = report.corrects {
        let former = store::get(conn, corrects, true).await?;
        compare(&mut content, &former)?;
    }
    Ok(content)
}

/// Says on the first page of a correction what differs from the version before.
pub(crate) fn compare(content: &mut ReportContent, former: &row::Model) -> Result<()> {
    let before = former.content()?;
    let (changes, more) = compared(&before, content);
    let texts = reworded(&before, content);
    if let Some(correction) = &mut content.correction {
        correction.changes = changes;
        correction.more = more;
        correction.texts = texts;
    }
    Ok(())
}

/// Begins the next version of a released report: figures of now, the words of the version before.
pub(crate) async fn correct(
    desk: &ReportDesk,
    who: &Who,
    former: &row::Model,
    reason: String,
) -> Result<row::Model> {
    let plan = plan_of(desk.app.db.read(), former).await?;
    let mut content = composed(desk, &plan).await?;
    keep_words(&mut content, &former.content()?);
    content.number.clone_from(&former.number);
    content.revision = former.revision + 1;
    content.correction = Some(ReportCorrection {
        corrects_sha256: former.sha256.clone().unwrap_or_default(),
        reason: reason.clone(),
        changes: Vec::new(),
        more: 0,
        texts: Vec::new(),
    });
    compare(&mut content, former)?;
    let (app, who, id) = (desk.app.clone(), who.clone(), former.id);
    desk.app
        .db
        .write(move |tx| async move {
            let former = store::get(&*tx, id, true).await?;
            let begun = begun(&tx, &former).await?;
            let action = Action::Correct { begun };
            store::act(
                &app,
                &tx,
                &who,
                &former,
                &action,
                ("corrected", Some(&reason)),
                |_| Ok(()),
            )
            .await?;
            let mut new = row::Model {
                number: former.number.clone(),
                revision: former.revision + 1,
                template_id: former.template_id,
                template_version: former.template_version,
                drafted_by: who.user_id,
                corrects: Some(former.id),
                reason: Some(reason.clone()),
                ..store::blank(&app, app.ids.next(), former.period()?)
            };
            new.put(&content)?;
            let told = ("correction_begun", Some(reason.as_str()));
            store::insert(&app, &tx, &who, new, told).await
        })
        .await
}

async fn begun(tx: &Tx, former: &row::Model) -> Result<bool> {
    let all = store::versions(&**tx, &former.number, true).await?;
    let newer = |one: &row::Model| one.revision > former.revision && !one.is_discarded();
    Ok(all.iter().any(newer))
}
