//! Work that was taken outside this floor, as the task books it.

use acd::{AgentId, Input};
use chrono::{DateTime, Utc};
use kernel::problem::{Result, refused};

use super::{Notes, Task};
use crate::day::service_day;
use crate::journal::Write;
use crate::medium::Work;
use crate::work_item::parts::Part;
use crate::work_item::store::Model as WorkRow;
use crate::work_item::{self, INTERRUPTED, counts};

impl Task {
    /// The work is in this agent's hands. `known` is its row, when there is one: of a process before this one it
    /// was closed as interrupted, and goes on.
    pub(crate) fn taken_elsewhere(
        &mut self,
        work: Work,
        known: Option<(WorkRow, Vec<Part>)>,
        agent: AgentId,
        counted: bool,
    ) -> Result<()> {
        let now = self.app.clock.now();
        self.begin_day(now);
        let id = work.id;
        let offered_at = work.offered_at.min(now);
        let mut new = false;
        let held = self.works.get(&id).cloned();
        let runs = held.as_ref().is_some_and(|row| row.ended_at.is_none());
        if !runs {
            let (known, parts) = known.unzip();
            let row = match held.or(known) {
                Some(row) if row.outcome.as_deref().is_some_and(|how| how != INTERRUPTED) => {
                    return Err(refused("no_longer_offered", "the work is over"));
                }
                Some(row) => {
                    self.parts.entry(id).or_insert(parts.unwrap_or_default());
                    self.taken_up_again(row, now)
                }
                None => {
                    new = true;
                    let queue = counted.then(|| work.queue.clone());
                    let mut row = work_item::new(id, work.media, queue, offered_at);
                    row.subject = work.subject;
                    row
                }
            };
            self.works.insert(id, row);
            self.not_cut_off(agent, id);
        }
        if new {
            self.count(id, |day, _| day.offered += 1);
        }
        let adopted = acd::Work {
            id,
            media: work.media,
            queue: work.queue,
            priority: 0,
            preferred_agent: None,
            offered_at,
        };
        let input = Input::Adopt {
            work: adopted,
            agent,
        };
        let taken = self.input(input, Notes::default());
        if taken.is_err() && new {
            self.count(id, |day, _| day.offered -= 1);
            self.works.remove(&id);
        }
        taken
    }

    /// What the end of a process cut off goes on as another part; nobody writes up the part before.
    fn taken_up_again(&mut self, mut row: WorkRow, now: DateTime<Utc>) -> WorkRow {
        for part in self.parts.get_mut(&row.id).into_iter().flatten() {
            if part.ended_at.is_some() && part.wrap_up_ended_at.is_none() {
                part.wrap_up_ended_at = Some(now);
                self.journal.write(now, Write::Part(part.clone()));
            }
        }
        if row.accepted_at.is_none() && row.ended_at.is_some() {
            self.take_back(&row);
        }
        row.ended_at = None;
        row.outcome = None;
        row.short = false;
        row.callback_due = false;
        row.wrap_up_began_at = None;
        row.wrap_up_ended_at = None;
        row.wrap_up_expired = false;
        row
    }

    /// Calls that were over when they were told: what was counted of them before is taken back.
    pub(crate) fn count_past(&mut self, changes: Vec<(Option<WorkRow>, WorkRow)>) {
        let now = self.app.clock.now();
        self.begin_day(now);
        for (before, after) in changes {
            if let Some(before) = &before {
                self.tally(before, false);
                if before.callback_due && before.callback_done_at.is_none() {
                    self.callbacks.done(before.id);
                }
            }
            self.tally(&after, true);
            let returned = before.is_some_and(|before| before.callback_done_at.is_some());
            if after.callback_due && !returned {
                self.callbacks.add(after.offered_at, after.id);
            }
        }
        self.stale = true;
    }

    fn tally(&mut self, row: &WorkRow, add: bool) {
        if !counts(row) || service_day(row.offered_at) != self.day.day {
            return;
        }
        let answered = row.accepted_at.is_some();
        let gave_up = matches!(
            row.outcome.as_deref(),
            Some("abandoned" | "short_abandoned")
        );
        let day = &mut self.day;
        let figures = [
            (&mut day.offered, true),
            (&mut day.answered, answered),
            (&mut day.in_time, row.in_time == Some(true)),
            (&mut day.abandoned, !answered && gave_up),
            (&mut day.short, !answered && row.short),
            (
                &mut day.lost,
                !answered && !gave_up && row.outcome.is_some(),
            ),
        ];
        for (figure, counts) in figures {
            if counts && add {
                *figure += 1;
            } else if counts {
                *figure = figure.saturating_sub(1);
            }
        }
    }

    /// A talk on another telephone goes on over a restart of ours: it is not written up yet.
    fn not_cut_off(&mut self, agent: AgentId, work: acd::WorkId) {
        if let Some(former) = self.former.get_mut(&agent) {
            former.goes_on(work);
        }
    }
}
