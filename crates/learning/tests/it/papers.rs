//! Papers are drawn by rules, by chance that can be repeated.

use std::collections::BTreeSet;

use learning::paper::{Blueprint, PaperPart, PoolQuestion};
use learning::question::{Difficulty, QuestionKind};
use proptest::prelude::*;
use uuid::Uuid;

fn part(matter: Option<&str>, difficulty: Option<Difficulty>, many: u32) -> PaperPart {
    PaperPart {
        kind: QuestionKind::Single,
        matter: matter.map(str::to_owned),
        difficulty,
        many,
        points: 5,
    }
}

fn blueprint(parts: Vec<PaperPart>) -> Blueprint {
    Blueprint {
        parts,
        pass_percent: None,
        minutes: 60,
        max_resits: 1,
        resit_after_hours: 24,
        resit_within_days: 5,
    }
}

fn pool(sorts: &[(&str, Difficulty)]) -> Vec<PoolQuestion> {
    let question = |(at, (matter, difficulty)): (usize, &(&str, Difficulty))| PoolQuestion {
        id: Uuid::from_u128(at as u128 + 1),
        n: 1,
        kind: QuestionKind::Single,
        matter: (*matter).to_owned(),
        difficulty: *difficulty,
        options: 4,
        blanks: 0,
    };
    sorts.iter().enumerate().map(question).collect()
}

#[test]
fn the_same_seed_taker_and_try_draw_the_same_paper_in_every_version_of_the_program() {
    let pool = pool(&[("107", Difficulty::Easy); 30]);
    let rules = blueprint(vec![part(None, None, 10)]);
    let draw = |seed: &str, taker: u128, try_no: i32| {
        rules
            .draw(&pool, seed, Uuid::from_u128(taker), try_no)
            .unwrap()
    };
    let one = draw("seed", 1, 1);
    assert_eq!(one, draw("seed", 1, 1));
    for other in [draw("other", 1, 1), draw("seed", 2, 1), draw("seed", 1, 2)] {
        assert_ne!(one, other);
    }
    // What was drawn once must be drawn so for good: these are the numbers of the first version.
    let ids: Vec<u128> = one
        .iter()
        .map(|question| question.question_id.as_u128())
        .collect();
    assert_eq!(ids, [29, 2, 23, 8, 17, 15, 11, 9, 22, 3]);
    assert_eq!(one[0].order, [0, 2, 3, 1]);
}

#[test]
fn a_question_that_two_parts_could_take_goes_where_it_is_needed() {
    // The first part would take the only easy one of 107, which the second part needs.
    let pool = pool(&[("107", Difficulty::Easy), ("107", Difficulty::Hard)]);
    let rules = blueprint(vec![
        part(Some("1"), None, 1),
        part(Some("107"), Some(Difficulty::Easy), 1),
    ]);
    for seed in 0..50 {
        let drawn = rules
            .draw(&pool, &seed.to_string(), Uuid::nil(), 1)
            .unwrap();
        assert_eq!(drawn[1].question_id, Uuid::from_u128(1));
    }
    let too_much = blueprint(vec![part(None, Some(Difficulty::Easy), 2)]);
    assert_eq!(too_much.draw(&pool, "x", Uuid::nil(), 1), None);
    assert_eq!(too_much.available(&pool), [1]);
}

proptest! {
    #[test]
    fn a_drawn_paper_keeps_its_rules(
        sorts in prop::collection::vec((0usize..3, 0usize..3), 0..40),
        wishes in prop::collection::vec((0usize..4, 0usize..4, 1u32..5), 1..5),
        seed in any::<u64>(),
    ) {
        let matters = ["107", "201", "301"];
        let levels = Difficulty::ALL;
        let sorts: Vec<(&str, Difficulty)> = sorts.into_iter().map(|(matter, level)| (matters[matter], levels[level])).collect();
        let pool = pool(&sorts);
        let parts: Vec<PaperPart> = wishes.into_iter()
            .map(|(matter, level, many)| part(matters.get(matter).copied(), levels.get(level).copied(), many)).collect();
        let rules = blueprint(parts);
        let Some(drawn) = rules.draw(&pool, &seed.to_string(), Uuid::nil(), 1) else {
            // Nothing was possible: whoever takes greedily finds nothing either.
            let mut taken = BTreeSet::new();
            let greedy = rules.parts.iter().all(|part| (0..part.many).all(|_| {
                let free = pool.iter().find(|question| !taken.contains(&question.id)
                    && part.matter.as_deref().is_none_or(|matter| question.matter == matter)
                    && part.difficulty.is_none_or(|level| question.difficulty == level));
                free.is_some_and(|question| taken.insert(question.id))
            }));
            prop_assert!(!greedy);
            return Ok(());
        };
        let each: BTreeSet<Uuid> = drawn.iter().map(|question| question.question_id).collect();
        prop_assert_eq!(each.len(), drawn.len(), "no question twice");
        prop_assert_eq!(drawn.len(), rules.questions() as usize);
        let mut at = 0;
        for part in &rules.parts {
            for question in &drawn[at..at + part.many as usize] {
                let from = pool.iter().find(|known| known.id == question.question_id).unwrap();
                prop_assert!(part.matter.as_deref().is_none_or(|matter| from.matter == matter));
                prop_assert!(part.difficulty.is_none_or(|level| from.difficulty == level));
                let order: BTreeSet<usize> = question.order.iter().copied().collect();
                prop_assert_eq!(order, (0..4).collect::<BTreeSet<usize>>());
            }
            at += part.many as usize;
        }
    }
}
