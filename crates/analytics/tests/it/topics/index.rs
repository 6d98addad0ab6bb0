//! K-26 and K-27 by hand.

use analytics::topics::Rise;
use analytics::topics::find::{Bounds, alike, measure};
use analytics::topics::index::{Effort, Span, comparable, hard, hot};

#[test]
fn the_hot_index_is_the_count_by_the_mean_of_the_weeks_before() {
    // 30 / ((10 + 20 + 10 + 20) / 4) = 2.00
    assert_eq!(hot(30, &[10, 20, 10, 20]), Some(200));
    // 22 / ((15 + 14 + 15 + 15) / 4) = 22 / 14.75 = 1.4915…
    assert_eq!(hot(22, &[15, 14, 15, 15]), Some(149));
    // 7 / ((3 + 2) / 2) = 2.8
    assert_eq!(hot(7, &[3, 2]), Some(280));
    assert_eq!(hot(9, &[0, 0, 0, 0]), None, "what is new has no ratio");
    assert_eq!(hot(9, &[]), None);
}

#[test]
fn a_week_of_holidays_is_not_compared() {
    let week = |count, open_days| Span { count, open_days };
    let before = [
        week(3, 2),
        week(20, 5),
        week(22, 6),
        week(0, 0),
        week(18, 4),
        week(21, 5),
        week(30, 5),
    ];
    let compared = comparable(week(40, 5), &before);
    assert_eq!(
        compared,
        [week(20, 5), week(22, 6), week(18, 4), week(21, 5)]
    );
}

fn effort(contacts: u32, mean_s: i64, passed_on: u32, repeated: u32) -> Effort {
    Effort {
        contacts,
        timed: contacts,
        handled_ms: mean_s * 1_000 * i64::from(contacts),
        passed_on,
        repeated,
        ..Effort::default()
    }
}

#[test]
fn the_hard_index_is_the_mean_of_the_five_z_scores() {
    // Handling times 100, 200, 300 s: mean 200, deviation √(20000/3) = 81.650; z = -1.225, 0, 1.225.
    // Passed on 0, 0, 30 %: mean 10, deviation √200 = 14.142; z = -0.707, -0.707, 1.414.
    // Escalated nowhere: 0. Repeated 10 % everywhere: 0. Nobody rated: left out.
    let all = [
        effort(20, 100, 0, 2),
        effort(20, 200, 0, 2),
        effort(20, 300, 6, 2),
    ];
    let found: Vec<_> = hard(&all, 10).into_iter().map(Option::unwrap).collect();
    assert_eq!(
        found[0].parts,
        [Some(-1_225), Some(-707), Some(0), Some(0), None]
    );
    assert_eq!(
        found[1].parts,
        [Some(0), Some(-707), Some(0), Some(0), None]
    );
    assert_eq!(
        found[2].parts,
        [Some(1_225), Some(1_414), Some(0), Some(0), None]
    );
    // -1932 / 4, -707 / 4, 2639 / 4
    assert_eq!(
        found.iter().map(|one| one.index).collect::<Vec<_>>(),
        [-483, -177, 660]
    );
}

#[test]
fn matters_with_few_contacts_have_no_hard_index_and_do_not_move_the_others() {
    let two = [effort(20, 100, 0, 2), effort(20, 300, 0, 2)];
    let three = [two[0], two[1], effort(3, 9_000, 3, 3)];
    let (without, with) = (hard(&two, 10), hard(&three, 10));
    assert_eq!(with[..2], without[..]);
    assert_eq!(with[2], None);
}

#[test]
fn less_satisfaction_is_harder() {
    let rated = |satisfied| Effort {
        contacts: 20,
        rated: 10,
        satisfied,
        ..Effort::default()
    };
    let found = hard(&[rated(10), rated(5)], 10);
    assert_eq!(
        found.map_parts(),
        [
            [None, Some(0), Some(0), Some(0), Some(-1_000)],
            [None, Some(0), Some(0), Some(0), Some(1_000)]
        ]
    );
}

trait Parts {
    fn map_parts(&self) -> Vec<[Option<i64>; 5]>;
}

impl Parts for Vec<Option<analytics::topics::index::Hardness>> {
    fn map_parts(&self) -> Vec<[Option<i64>; 5]> {
        self.iter().map(|one| one.unwrap().parts).collect()
    }
}

fn bounds() -> Bounds {
    Bounds {
        least: 5,
        ratio: 150,
        most: 20,
        open_days: vec![5; 5],
        days: 7,
        synonyms: Vec::new(),
    }
}

#[test]
fn a_burst_of_one_day_a_hot_week_and_a_slow_growth_are_told_apart() {
    let of = |spans: &[u32], days: &[u32]| measure(spans, days, &bounds());
    let hot = of(&[30, 10, 11, 9, 10], &[6, 6, 6, 6, 6, 0, 0]).unwrap();
    assert_eq!((hot.rise, hot.ratio), (Rise::Week, Some(300)));
    let one_day = of(&[20, 11, 10, 12, 12], &[1, 17, 1, 1, 0, 0, 0]).unwrap();
    assert_eq!(one_day.rise, Rise::Day);
    let slow = of(&[34, 24, 16, 9, 5], &[7, 7, 7, 7, 6, 0, 0]).unwrap();
    assert_eq!((slow.rise, slow.ratio), (Rise::Slow, Some(252)));
    assert_eq!(
        of(&[12, 11, 10, 12, 11], &[3, 3, 2, 2, 2, 0, 0]),
        None,
        "as ever"
    );
    assert_eq!(
        of(&[4, 0, 0, 0, 0], &[4, 0, 0, 0, 0, 0, 0]),
        None,
        "too few"
    );
}

#[test]
fn phrases_are_alike_by_their_characters() {
    assert!(alike("准考证打印", "打印准考证"));
    assert!(alike("照片审核不过", "照片审核不通过"));
    assert!(!alike("退费", "缴费"));
    assert!(!alike("职称评审材料", "继续教育学时"));
}
