//! What a cell means as a date, on request only: a table never guesses.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::Cell;

/// The last day Excel knows: 9999-12-31.
const LAST_SERIAL: f64 = 2_958_466.0;

/// A day as it is written, and what stands between it and a time.
const DAYS: [(&str, char); 3] = [("%Y-%m-%d", '-'), ("%Y/%m/%d", '/'), ("%Y年%m月%d日", '年')];

pub(crate) fn of(cell: &Cell, from_1904: bool) -> Option<NaiveDateTime> {
    let at = match cell {
        Cell::Date(at) => Some(*at),
        Cell::Number(serial) => of_serial(*serial, from_1904),
        Cell::Text(text) => of_text(text.trim()),
        Cell::Empty | Cell::Flag(_) => None,
    };
    // `26/1/5` is not the year 26.
    at.filter(|at| (1900..=2200).contains(&at.year()))
}

fn of_text(text: &str) -> Option<NaiveDateTime> {
    // The longest form is 25 characters; nothing else need be tried.
    if text.len() > 40 {
        return None;
    }
    let (form, _) = DAYS.iter().find(|(_, mark)| text.contains(*mark))?;
    let (day, time) = match text.split_once([' ', 'T']) {
        Some((day, time)) => (day, Some(time.trim_start())),
        None => (text, None),
    };
    let day = NaiveDate::parse_from_str(day, form).ok()?;
    let Some(time) = time else {
        return Some(day.and_time(NaiveTime::MIN));
    };
    let form = match time.matches(':').count() {
        1 => "%H:%M",
        _ => "%H:%M:%S",
    };
    Some(day.and_time(NaiveTime::parse_from_str(time, form).ok()?))
}

/// Days since the epoch of the workbook, with the day that Excel's 1900 has too many.
pub(crate) fn of_serial(serial: f64, from_1904: bool) -> Option<NaiveDateTime> {
    if !(1.0..LAST_SERIAL).contains(&serial) {
        return None;
    }
    let epoch = if from_1904 {
        NaiveDate::from_ymd_opt(1904, 1, 1)?
    } else if serial < 60.0 {
        NaiveDate::from_ymd_opt(1899, 12, 31)?
    } else {
        NaiveDate::from_ymd_opt(1899, 12, 30)?
    };
    let seconds = (serial * 86_400.0).round() as i64;
    epoch
        .and_time(NaiveTime::MIN)
        .checked_add_signed(TimeDelta::seconds(seconds))
}
