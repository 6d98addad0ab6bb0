//! What a cell means as a date.

use documents::{Cell, Table};
use proptest::prelude::*;

fn shown(cell: &Cell) -> Option<String> {
    let at = Table::default().moment(cell)?;
    Some(at.format("%Y-%m-%d %H:%M:%S").to_string())
}

#[test]
fn the_usual_forms_mean_the_same_day() {
    let day = Some("2026-11-05 00:00:00".to_owned());
    for text in ["2026-11-05", "2026/11/5", " 2026年11月5日 "] {
        assert_eq!(shown(&Cell::Text(text.to_owned())), day, "{text}");
    }
    assert_eq!(shown(&Cell::Number(46331.0)), day);
    let minute = Some("2026-11-05 09:07:00".to_owned());
    for text in ["2026-11-05 09:07", "2026-11-05 09:07:00", "2026/11/5 9:07"] {
        assert_eq!(shown(&Cell::Text(text.to_owned())), minute, "{text}");
    }
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "昨天",
        "2026-13-01",
        "2026-02-30",
        "26/1/5",
        "05.11.2026",
        "20261105",
        "2026-11-05 25:00",
    ] {
        assert_eq!(shown(&Cell::Text(text.to_owned())), None, "{text}");
    }
    for number in [0.0, -1.0, 3e6, f64::NAN, f64::INFINITY] {
        assert_eq!(shown(&Cell::Number(number)), None, "{number}");
    }
}

proptest! {
    #[test]
    fn no_text_and_no_number_breaks_it(text in ".{0,60}", number in any::<f64>()) {
        let table = Table::default();
        let _ = table.moment(&Cell::Text(text));
        let _ = table.moment(&Cell::Number(number));
    }
}
