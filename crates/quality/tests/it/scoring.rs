//! Scores by the card that ships.

use proptest::prelude::*;
use quality::card::{CardBody, FatalKind, ItemMark, Marks, VetoMark};

/// The card of domain §B.4.
pub fn card() -> CardBody {
    serde_json::from_str(include_str!("../../src/card/prepared.json")).unwrap()
}

/// Full marks.
pub fn full(card: &CardBody) -> Marks {
    let items = card.items.iter().map(|item| ItemMark {
        code: item.code.clone(),
        tenths: Some(item.weight * 10),
        comment: String::new(),
        evidence: Vec::new(),
    });
    Marks {
        items: items.collect(),
        ..Marks::default()
    }
}

fn with(marks: &Marks, code: &str, tenths: Option<u16>, comment: &str) -> Marks {
    let mut marks = marks.clone();
    let item = marks.items.iter_mut().find(|mark| mark.code == code);
    let item = item.unwrap();
    item.tenths = tenths;
    comment.clone_into(&mut item.comment);
    marks
}

fn refused(card: &CardBody, marks: &Marks) -> (String, String) {
    let problem = card.score(marks).unwrap_err();
    (problem.code.to_owned(), problem.field.clone().unwrap())
}

#[test]
fn the_card_that_ships_is_sound_and_gives_a_hundred_points() {
    let card = card();
    card.check().unwrap();
    let score = card.score(&full(&card)).unwrap();
    assert_eq!((score.tenths, score.passed), (1_000, true));
    assert_eq!(card.items.len() + card.vetoes.len(), 12);
}

#[test]
fn points_that_are_taken_are_missing_from_the_score() {
    let card = card();
    let marks = with(&full(&card), "manner", Some(50), "语气生硬");
    assert_eq!(card.score(&marks).unwrap().tenths, 950);
    let marks = with(&marks, "accuracy", Some(100), "时间说错");
    let score = card.score(&marks).unwrap();
    assert_eq!((score.tenths, score.passed), (750, false));
}

#[test]
fn what_does_not_apply_makes_the_rest_weigh_more() {
    let card = card();
    let marks = with(&full(&card), "procedure", None, "");
    assert_eq!(card.score(&marks).unwrap().tenths, 1_000);
    // 75 of 85 points are 88.2 of 100.
    let marks = with(&marks, "opening", Some(0), "");
    assert_eq!(card.score(&marks).unwrap().tenths, 882);
    let always = with(&full(&card), "accuracy", None, "");
    assert_eq!(refused(&card, &always).0, "mark_missing");
}

#[test]
fn a_fatal_item_without_a_point_makes_it_nothing() {
    let card = card();
    let marks = with(&full(&card), "accuracy", Some(0), "答错报名截止日期");
    let score = card.score(&marks).unwrap();
    assert_eq!((score.tenths, score.passed), (0, false));
    assert_eq!(score.fatal, [FatalKind::Business]);
    let silent = with(&full(&card), "accuracy", Some(0), " ");
    let missing = (
        "mark_comment_missing".to_owned(),
        "marks.accuracy".to_owned(),
    );
    assert_eq!(refused(&card, &silent), missing);
}

#[test]
fn a_veto_makes_it_nothing_whatever_else_was_good() {
    let card = card();
    let mut marks = full(&card);
    marks.vetoes.push(VetoMark {
        code: "leak".to_owned(),
        comment: "报出了他人的身份证号".to_owned(),
        evidence: Vec::new(),
    });
    let score = card.score(&marks).unwrap();
    assert_eq!((score.tenths, score.passed), (0, false));
    assert_eq!(score.fatal, [FatalKind::User]);
    marks.vetoes[0].comment.clear();
    assert_eq!(refused(&card, &marks).0, "mark_comment_missing");
    marks.vetoes[0].code = "late".to_owned();
    assert_eq!(refused(&card, &marks).0, "mark_unknown");
}

#[test]
fn marks_that_are_too_high_missing_or_given_twice_are_refused() {
    let card = card();
    let high = with(&full(&card), "manner", Some(101), "");
    assert_eq!(refused(&card, &high).0, "mark_too_high");
    let mut missing = full(&card);
    let last = missing.items.pop().unwrap();
    assert_eq!(refused(&card, &missing).0, "mark_missing");
    missing.items.extend([last.clone(), last]);
    assert_eq!(refused(&card, &missing).0, "mark_twice");
    let low = with(&full(&card), "approved_answer", Some(140), "");
    assert_eq!(refused(&card, &low).0, "mark_comment_missing");
}

#[test]
fn a_card_whose_items_do_not_make_a_hundred_points_cannot_be_written() {
    let mut card = card();
    card.items[0].weight = 11;
    assert_eq!(card.check().unwrap_err().code, "card_weights");
    card.items[0].weight = 10;
    card.items[1].code = "opening".to_owned();
    assert_eq!(card.check().unwrap_err().code, "card_code_taken");
}

proptest! {
    #[test]
    fn more_points_never_make_a_lower_score(given in proptest::collection::vec(0_u16..=100, 7), item in 0_usize..7) {
        let card = card();
        let mut marks = full(&card);
        for (mark, (item, share)) in marks.items.iter_mut().zip(card.items.iter().zip(&given)) {
            mark.tenths = Some(item.weight * 10 * share / 100);
            mark.comment = "理由".to_owned();
        }
        let before = card.score(&marks).unwrap();
        marks.items[item].tenths = Some(card.items[item].weight * 10);
        let after = card.score(&marks).unwrap();
        prop_assert!(after.tenths >= before.tenths && after.tenths <= 1_000);
        prop_assert!(before.fatal.is_empty() || before.tenths == 0);
    }
}
