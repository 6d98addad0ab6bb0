//! Pure: from a table to call records. What does not fit is told by row and column.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use documents::{Cell, Row, Table};
use kernel::clock::SHANGHAI;
use requesters::normalise;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Extensions;
use super::columns::{CallColumn, CallField, CallWords, meanings};

/// Errors and remarks that are told; who has more has the wrong file.
pub(crate) const MOST_TOLD: usize = 1_000;
/// Rows in which the heading is looked for.
const HEADING_WITHIN: usize = 20;
/// The longest identifier, in characters.
const LONGEST_ID: usize = 128;
/// The longest call.
const LONGEST: i64 = 24 * 3600;

/// Something about one cell of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallRemark {
    /// The row as the sheet shows it.
    pub row: u32,
    /// The column as the sheet shows it: `C`; null when it is about the whole row.
    pub column: Option<String>,
    /// The heading of the column.
    pub heading: Option<String>,
    /// The field it means.
    pub field: Option<CallField>,
    /// Stable code; the console translates it.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// A call as its record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub row: u32,
    pub external_id: String,
    pub outbound: bool,
    /// In the one form it is found by; empty when withheld.
    pub caller: String,
    pub hotline: Option<String>,
    pub queue: Option<String>,
    pub agent: Option<Uuid>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: DateTime<Utc>,
    pub wait: Option<TimeDelta>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Interpreted {
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    pub calls: Vec<Recorded>,
    pub errors: Vec<CallRemark>,
    pub errors_total: usize,
    /// What does not hinder the import.
    pub warnings: Vec<CallRemark>,
    pub warnings_total: usize,
}

/// What the rows are read by.
pub(crate) struct Terms<'a> {
    pub columns: &'a [CallColumn],
    pub words: &'a CallWords,
    pub agents: &'a Extensions,
    pub queues: &'a dyn Fn(&str) -> bool,
    pub now: DateTime<Utc>,
}

/// The heading of a file and what its columns mean.
pub(crate) struct Heading {
    pub row: u32,
    pub columns: Vec<(String, Option<CallField>)>,
}

/// Finds the heading: the row whose names mean most, of several the first.
pub(crate) fn heading(table: &Table, saved: &[CallColumn]) -> Option<Heading> {
    let mut best: Option<(usize, Heading)> = None;
    for row in table.rows.iter().take(HEADING_WITHIN) {
        let names = row.cells.iter().map(Cell::text).collect();
        let columns = meanings(saved, names);
        let known = columns.iter().filter(|(_, field)| field.is_some()).count();
        if known > best.as_ref().map_or(0, |(known, _)| *known) {
            let row = row.number;
            best = Some((known, Heading { row, columns }));
        }
    }
    best.map(|(_, heading)| heading)
}

/// Reads a table as call records.
pub(crate) fn interpret(table: &Table, terms: &Terms<'_>) -> Interpreted {
    let Some(heading) = heading(table, terms.columns) else {
        let nothing = CallRemark {
            row: table.rows.first().map_or(1, |row| row.number),
            column: None,
            heading: None,
            field: None,
            code: "heading_missing",
            detail: "no row is a heading of known columns".to_owned(),
        };
        return Interpreted {
            errors: vec![nothing],
            errors_total: 1,
            ..Interpreted::default()
        };
    };
    let mut reader = Reader::new(table, terms, &heading);
    if reader.check_heading() {
        for row in table.rows.iter().filter(|row| row.number > heading.row) {
            reader.told.rows += 1;
            if let Some(call) = reader.call(row) {
                reader.told.calls.push(call);
            }
        }
    }
    reader.told
}

struct Reader<'a> {
    table: &'a Table,
    terms: &'a Terms<'a>,
    heading: &'a Heading,
    places: BTreeMap<CallField, usize>,
    faults: HashMap<(u32, usize), (&'static str, &'a str)>,
    /// The identifiers so far, each with its first row.
    seen: HashMap<String, u32>,
    told: Interpreted,
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table, terms: &'a Terms<'a>, heading: &'a Heading) -> Self {
        let mut places = BTreeMap::new();
        for (place, (_, field)) in heading.columns.iter().enumerate() {
            if let Some(field) = field {
                places.entry(*field).or_insert(place);
            }
        }
        let faults = table.faults.iter().map(|fault| {
            let at = (fault.row, fault.column as usize);
            (at, (fault.code, fault.detail.as_str()))
        });
        Self {
            table,
            terms,
            heading,
            places,
            faults: faults.collect(),
            seen: HashMap::new(),
            told: Interpreted::default(),
        }
    }

    fn remark(&self, row: u32, field: CallField, code: &'static str, detail: &str) -> CallRemark {
        let place = self.places.get(&field).copied();
        CallRemark {
            row,
            column: place.and_then(|place| Some(documents::letters(u32::try_from(place).ok()?))),
            heading: place.and_then(|place| Some(self.heading.columns.get(place)?.0.clone())),
            field: Some(field),
            code,
            detail: detail.to_owned(),
        }
    }

    fn error(&mut self, row: u32, field: CallField, code: &'static str, detail: &str) {
        self.told.errors_total += 1;
        if self.told.errors.len() < MOST_TOLD {
            let remark = self.remark(row, field, code, detail);
            self.told.errors.push(remark);
        }
    }

    fn warn(&mut self, row: u32, field: CallField, code: &'static str, detail: &str) {
        self.told.warnings_total += 1;
        if self.told.warnings.len() < MOST_TOLD {
            let remark = self.remark(row, field, code, detail);
            self.told.warnings.push(remark);
        }
    }

    fn check_heading(&mut self) -> bool {
        let row = self.heading.row;
        for needed in CallField::NEEDED {
            if !self.places.contains_key(&needed) {
                let detail = format!("no column means `{}`", needed.as_str());
                self.error(row, needed, "column_missing", &detail);
            }
        }
        if !self.places.contains_key(&CallField::EndedAt)
            && !self.places.contains_key(&CallField::TalkS)
        {
            let detail = "no column tells when a call ended or how long it was";
            self.error(row, CallField::EndedAt, "column_missing", detail);
        }
        let columns = self.heading.columns.iter().enumerate();
        let twice: Vec<CallField> = columns
            .filter_map(|(place, (_, field))| {
                (*field).filter(|field| self.places.get(field) != Some(&place))
            })
            .collect();
        for field in twice {
            self.error(row, field, "column_twice", "two columns mean the same");
        }
        self.told.errors_total == 0
    }

    /// The words of a cell; `None` when it is empty, `Err` when its fault was told.
    fn text(&mut self, row: &Row, field: CallField) -> Result<Option<String>, ()> {
        let Some(place) = self.places.get(&field).copied() else {
            return Ok(None);
        };
        if let Some((code, detail)) = self.faults.get(&(row.number, place)).copied() {
            self.error(row.number, field, code, detail);
            return Err(());
        }
        Ok(Some(row.cell(place).text()).filter(|text| !text.is_empty()))
    }

    fn moment(&mut self, row: &Row, field: CallField) -> Result<Option<DateTime<Utc>>, ()> {
        if self.text(row, field)?.is_none() {
            return Ok(None);
        }
        let place = self.places.get(&field).copied().unwrap_or_default();
        let at = self.table.moment(row.cell(place));
        let at = at.and_then(|at| SHANGHAI.from_local_datetime(&at).single());
        let Some(at) = at else {
            self.error(row.number, field, "date_invalid", "no date with a time");
            return Err(());
        };
        Ok(Some(at.to_utc()))
    }

    fn length(&mut self, row: &Row, field: CallField) -> Result<Option<i64>, ()> {
        let Some(text) = self.text(row, field)? else {
            return Ok(None);
        };
        match seconds(&text) {
            Some(seconds) if (0..=LONGEST).contains(&seconds) => Ok(Some(seconds)),
            _ => {
                let detail = "seconds, mm:ss or hh:mm:ss, at most a day";
                self.error(row.number, field, "length_invalid", detail);
                Err(())
            }
        }
    }

    fn needed<T>(&mut self, row: u32, field: CallField, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.error(row, field, "value_missing", "a record needs it");
        }
        value
    }

    fn call(&mut self, row: &Row) -> Option<Recorded> {
        let at = row.number;
        let before = self.told.errors_total;
        let external_id = self.text(row, CallField::ExternalId).unwrap_or_default();
        let external_id = self.needed(at, CallField::ExternalId, external_id);
        if let Some(id) = &external_id {
            if id.chars().count() > LONGEST_ID {
                self.error(
                    at,
                    CallField::ExternalId,
                    "text_too_long",
                    "at most 128 characters",
                );
            }
            if let Some(first) = self.seen.insert(id.clone(), at) {
                let detail = format!("stands in row {first} already");
                self.error(at, CallField::ExternalId, "id_twice", &detail);
            }
        }
        let caller = self.caller(row);
        let outbound = self.outbound(row);
        let started_at = self.moment(row, CallField::StartedAt);
        let started_at = match started_at {
            Ok(value) => self.needed(at, CallField::StartedAt, value),
            Err(()) => None,
        };
        let answered_at = self.moment(row, CallField::AnsweredAt);
        let ended_at = self.moment(row, CallField::EndedAt);
        let talk = self.length(row, CallField::TalkS);
        let wait = self.length(row, CallField::WaitS);
        let said = self.answered(row);
        let queue = self.queue(row);
        let hotline = self.text(row, CallField::Hotline).unwrap_or_default();
        let agent = self.agent(row);
        if self.told.errors_total > before {
            return None;
        }
        let times = Told {
            started_at: started_at?,
            answered_at: answered_at.ok()?,
            ended_at: ended_at.ok()?,
            talk: talk.ok()?,
            wait: wait.ok()?,
            answered: said,
        };
        let (answered_at, ended_at, wait) = match times.settled(self.terms.now) {
            Ok(settled) => settled,
            Err((field, code, detail)) => {
                self.error(at, field, code, detail);
                return None;
            }
        };
        if answered_at.is_some() && agent.is_none() {
            let detail = "nobody is known by this; nobody is asked to write the call up";
            self.warn(at, CallField::Agent, "agent_unknown", detail);
        }
        Some(Recorded {
            row: at,
            external_id: external_id?,
            outbound,
            caller,
            hotline: hotline.map(|text| text.chars().take(64).collect()),
            queue,
            agent: agent.filter(|_| answered_at.is_some() || outbound),
            started_at: times.started_at,
            answered_at,
            ended_at,
            wait,
        })
    }

    fn caller(&mut self, row: &Row) -> String {
        let text = self.text(row, CallField::Caller).unwrap_or_default();
        match text {
            None => {
                let detail = "the number is withheld";
                self.warn(row.number, CallField::Caller, "caller_withheld", detail);
                String::new()
            }
            Some(text) => normalise(&text).map_or(String::new(), |number| number.text),
        }
    }

    fn outbound(&mut self, row: &Row) -> bool {
        let Ok(Some(word)) = self.text(row, CallField::Direction) else {
            return false;
        };
        let outbound = self.terms.words.is_outbound(&word);
        if outbound.is_none() {
            let detail = format!("`{word}` is no direction");
            self.error(
                row.number,
                CallField::Direction,
                "direction_unknown",
                &detail,
            );
        }
        outbound.unwrap_or_default()
    }

    fn answered(&mut self, row: &Row) -> Option<bool> {
        let word = self.text(row, CallField::Outcome).ok()??;
        let answered = self.terms.words.is_answered(&word);
        if answered.is_none() {
            let detail = format!("`{word}` is no outcome");
            self.error(row.number, CallField::Outcome, "outcome_unknown", &detail);
        }
        answered
    }

    fn queue(&mut self, row: &Row) -> Option<String> {
        let queue = self.text(row, CallField::Queue).ok()??;
        if (self.terms.queues)(&queue) {
            return Some(queue);
        }
        let detail = format!("there is no queue `{queue}`; it counts in that of the origin");
        self.warn(row.number, CallField::Queue, "queue_unknown", &detail);
        None
    }

    fn agent(&mut self, row: &Row) -> Option<Uuid> {
        let word = self.text(row, CallField::Agent).ok()??;
        self.terms.agents.find(&word)
    }
}

/// The times a record tells, as far as it tells them.
struct Told {
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    talk: Option<i64>,
    wait: Option<i64>,
    answered: Option<bool>,
}

type Settled = (Option<DateTime<Utc>>, DateTime<Utc>, Option<TimeDelta>);
type Wrong = (CallField, &'static str, &'static str);

impl Told {
    /// Each time from the others; what contradicts is said.
    fn settled(&self, now: DateTime<Utc>) -> Result<Settled, Wrong> {
        let talk = self.talk.map(TimeDelta::seconds);
        let wait = self.wait.map(TimeDelta::seconds);
        let answered = self.answered.unwrap_or_else(|| {
            self.answered_at.is_some() || talk.is_some_and(|talk| talk > TimeDelta::zero())
        });
        let answered_at = if answered {
            let by_wait = wait.map(|wait| self.started_at + wait);
            let by_end = self.ended_at.zip(talk).map(|(end, talk)| end - talk);
            Some(
                self.answered_at
                    .or(by_wait)
                    .or(by_end)
                    .unwrap_or(self.started_at),
            )
        } else {
            None
        };
        let length = match answered_at {
            Some(_) => talk,
            None => wait.or(talk),
        };
        let ended_at = self
            .ended_at
            .or_else(|| Some(answered_at.unwrap_or(self.started_at) + length?))
            .ok_or((
                CallField::EndedAt,
                "value_missing",
                "the record tells neither an end nor a length",
            ))?;
        if ended_at > now {
            let field = CallField::EndedAt;
            return Err((field, "call_in_future", "the call would not be over yet"));
        }
        if answered_at.is_some_and(|at| at < self.started_at || at > ended_at) {
            let field = CallField::AnsweredAt;
            return Err((field, "times_contradict", "answered outside the call"));
        }
        if ended_at < self.started_at || (ended_at - self.started_at).num_seconds() > LONGEST {
            let detail = "a call ends after its beginning, within a day";
            return Err((CallField::EndedAt, "times_contradict", detail));
        }
        let known = wait.or_else(|| {
            let told = self.answered_at.is_some() || (self.ended_at.is_some() && talk.is_some());
            match answered_at {
                Some(at) if told => Some(at - self.started_at),
                Some(_) => None,
                None => Some(ended_at - self.started_at),
            }
        });
        Ok((answered_at, ended_at, known))
    }
}

/// `75`, `75.0`, `1:15`, `00:01:15`, `75秒`.
fn seconds(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(['秒', 's', 'S']);
    if text.contains(':') {
        let mut all = 0_i64;
        let parts: Vec<&str> = text.split(':').collect();
        if parts.len() > 3 {
            return None;
        }
        for part in parts {
            let part: i64 = part
                .trim()
                .parse()
                .ok()
                .filter(|part| (0..100_000).contains(part))?;
            all = all * 60 + part;
        }
        return Some(all);
    }
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_as_exchanges_write_it() {
        let read = [
            ("75", 75),
            ("75.4", 75),
            ("1:15", 75),
            ("00:01:15", 75),
            ("75秒", 75),
        ];
        for (text, meant) in read {
            assert_eq!(seconds(text), Some(meant), "{text}");
        }
        for text in ["", "x", "1:2:3:4", "-1:5"] {
            assert_eq!(seconds(text).filter(|length| *length >= 0), None, "{text}");
        }
    }

    #[test]
    fn each_time_is_found_from_the_others() {
        let at =
            |second: i64| DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap_or_default();
        let told = |answered_at: Option<i64>, ended: Option<i64>, talk, wait, answered| Told {
            started_at: at(0),
            answered_at: answered_at.map(at),
            ended_at: ended.map(at),
            talk,
            wait,
            answered,
        };
        let s = |seconds: i64| Some(TimeDelta::seconds(seconds));
        let now = at(1000);
        for (told, settled) in [
            (
                told(Some(9), Some(70), None, None, None),
                (Some(9), 70, s(9)),
            ),
            (
                told(None, Some(70), Some(61), None, None),
                (Some(9), 70, s(9)),
            ),
            (
                told(None, None, Some(61), Some(9), None),
                (Some(9), 70, s(9)),
            ),
            // Nobody knows how long it rang.
            (told(None, None, Some(61), None, None), (Some(0), 61, None)),
            (told(None, Some(20), Some(0), None, None), (None, 20, s(20))),
            (
                told(None, None, None, Some(20), Some(false)),
                (None, 20, s(20)),
            ),
        ] {
            let (answered, ended, wait) = settled;
            assert_eq!(told.settled(now), Ok((answered.map(at), at(ended), wait)));
        }
        let wrong = |told: Told| told.settled(now).unwrap_err().1;
        assert_eq!(wrong(told(None, None, None, None, None)), "value_missing");
        assert_eq!(
            wrong(told(None, Some(1001), None, None, None)),
            "call_in_future"
        );
        assert_eq!(
            wrong(told(Some(80), Some(70), None, None, None)),
            "times_contradict"
        );
        assert_eq!(
            wrong(told(None, Some(-5), None, None, None)),
            "times_contradict"
        );
    }
}
