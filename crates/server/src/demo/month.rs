//! The demo's half year of attendance and money, as it would have gone: a contract that ran out and the one after it,
//! days that both sides signed, overtime at a weekend of registrations, a statement that was paid and one that came back,
//! the rosters around today.
//!
//! Each step goes through the door that people use, at the time it would have been taken; only the evidence that many
//! people leave every day (punches, sessions of the floor) is written at once.

mod attendance;
mod contract;
mod overtime;
mod roster;
mod site;
mod statement;

use std::sync::Arc;

use axum::Router;
use calendar::ServiceClock;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use floor::Floor;
use futures::future::BoxFuture;
use kernel::App;
use kernel::problem::{Result, internal};
use organization::demo::Stage;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use settlement::contract::row as contracts;
use settlement::{Concern, SubmissionFacts};
use utoipa_axum::router::OpenApiRouter;

use crate::attendance::SignedDays;
use crate::papers::Papers;
use crate::wiring::TheSite;

/// Since how many days attendance is kept in the product: as long as the demo's posts are held.
const KEPT: u64 = 60;
/// The contract was renewed at the beginning of the month that held the day so many days ago: its last statement has
/// been on the way since.
const RENEWED: u64 = 21;
/// Months of a contract, and of a statement.
const TERM: u32 = 12;
const HALF: u32 = 6;

/// Fills an empty database with it; people, posts and the floor come first.
pub(crate) async fn seed(app: &App, floor: &Floor) -> Result<()> {
    if contracts::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    organization::demo::seed_reserve(app).await?;
    let floor = floor.clone();
    let stage = Stage::new(app, move |app| doors(app, &floor)).await?;
    let mut story = Story {
        service: organization::service_calendar::load(app.db.read()).await?,
        stage,
    };
    let former = contract::of_last_year(&mut story).await?;
    for n in 1..=HALF {
        contract::sheet(&mut story, n).await?;
    }
    statement::paid(&mut story, &former).await?;
    for n in HALF + 1..=TERM {
        contract::sheet(&mut story, n).await?;
    }
    contract::of_this_year(&mut story).await?;
    roster::published(&mut story).await?;
    attendance::evidence(&mut story).await?;
    attendance::signed_before_the_renewal(&mut story).await?;
    statement::under_review(&mut story, &former).await?;
    attendance::signed_since(&mut story).await?;
    overtime::play(&mut story).await?;
    roster::waiting(&mut story).await?;
    site::play(&mut story).await
}

fn doors(app: &App, floor: &Floor) -> Router {
    let site = TheSite {
        app: app.clone(),
        floor: floor.clone(),
    };
    let ports = settlement::Ports {
        attendance: Arc::new(SignedDays(app.clone())),
        facts: Arc::new(AllInOrder),
        printer: Arc::new(Papers::new(app)),
    };
    let routes = OpenApiRouter::new()
        .merge(workforce::capability(app, Arc::new(site)).routes)
        .merge(settlement::capability(app, ports).routes);
    Router::from(routes)
}

/// What is not in order with wages and insurances today was found after the statements were handed in.
struct AllInOrder;

impl SubmissionFacts for AllInOrder {
    fn concerns(&self, _from: NaiveDate, _until: NaiveDate) -> BoxFuture<'_, Result<Vec<Concern>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// The stage with the days of the story.
struct Story {
    stage: Stage,
    service: ServiceClock,
}

impl Story {
    /// The first day whose attendance is kept in the product.
    fn kept(&self) -> NaiveDate {
        self.stage.today() - Days::new(KEPT)
    }

    /// The first day of the contract that runs.
    fn renewed(&self) -> NaiveDate {
        let near = self.stage.today() - Days::new(RENEWED);
        near.with_day(1).unwrap_or(near)
    }

    /// The first day of the `n`-th month of the contract that ran out; of the 13th it is that of its successor.
    fn month(&self, n: u32) -> NaiveDate {
        self.renewed() - Months::new(TERM + 1 - n)
    }

    /// The month of the contract that ran out that holds the day.
    fn month_of(&self, on: NaiveDate) -> u32 {
        let begun = (1..=TERM).filter(|n| self.month(*n) <= on);
        begun.max().unwrap_or(1)
    }

    /// The working days from one day on, before the other.
    fn workdays(&self, from: NaiveDate, before: NaiveDate) -> Vec<NaiveDate> {
        let days = from.iter_days().take_while(|day| *day < before);
        days.filter(|day| self.service.calendar.is_workday(*day))
            .collect()
    }

    /// The days that are kept in the product: until yesterday.
    fn kept_days(&self) -> Vec<NaiveDate> {
        self.workdays(self.kept(), self.stage.today())
    }

    /// So many working days after the day.
    fn after(&self, day: NaiveDate, n: u16) -> NaiveDate {
        self.service.calendar.add_workdays(day, n).date
    }

    /// So many working days before today.
    fn ago(&self, n: usize) -> NaiveDate {
        let days = self.kept_days();
        let place = days.len().saturating_sub(n);
        days.get(place)
            .copied()
            .unwrap_or_else(|| self.stage.today())
    }

    /// Minutes of a whole day.
    fn whole(&self) -> i64 {
        self.service.hours.minutes_a_day().into()
    }

    /// A holder of a post as sheets name him: `801 陈晓雯`.
    fn named(seat: i64) -> Result<String> {
        let people = organization::demo::PEOPLE;
        let found = people
            .iter()
            .find(|one| one.username == format!("agent{seat}"));
        let found = found.ok_or_else(|| internal("a post has no holder"))?;
        Ok(format!("{} {}", found.staff_no, found.name))
    }
}
