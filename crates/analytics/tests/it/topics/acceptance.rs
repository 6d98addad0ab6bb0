//! Of 15 topics planted among 20,000 summaries at least 13 stand in the first 20, and nobody is known again.

use std::collections::HashMap;

use analytics::topics::Rise;
use analytics::topics::find::{Bounds, Finder, Topic};
use analytics::topics::mask::Masker;

use super::made_up::{MadeUp, PLANTED, make};

fn found(set: &MadeUp) -> Vec<Topic> {
    let bounds = Bounds {
        least: 8,
        ratio: 150,
        most: 20,
        open_days: vec![5; 5],
        days: 7,
        synonyms: Vec::new(),
    };
    let now = set.now.iter().map(|(said, _)| said.clone()).collect();
    let mut finder = Finder::new(knowledge::dictionary(), bounds, now);
    for chunk in set.before.chunks(1_000) {
        finder.before(chunk);
    }
    finder.topics()
}

/// Which planted topic one is: its phrase says it, and most of its contacts are of it.
fn which(set: &MadeUp, topic: &Topic) -> Option<usize> {
    let mut of: HashMap<usize, usize> = HashMap::new();
    for at in &topic.contacts {
        if let Some(n) = set.now[*at].1 {
            *of.entry(n).or_default() += 1;
        }
    }
    let (n, many) = of.into_iter().max_by_key(|(_, many)| *many)?;
    let says = PLANTED[n].says.iter().any(|word| {
        topic
            .phrases
            .iter()
            .any(|phrase| phrase.contains(word) || word.contains(phrase.as_str()))
    });
    (says && many * 2 >= topic.contacts.len()).then_some(n)
}

#[test]
fn of_fifteen_planted_topics_thirteen_are_among_the_first_twenty_and_nobody_is_named() {
    let set = make();
    assert_eq!(set.now.len() + set.before.len(), 20_000);
    let topics = found(&set);
    assert!(topics.len() <= 20);
    let mut hits = [0; PLANTED.len()];
    for (rank, topic) in topics.iter().enumerate() {
        let planted = which(&set, topic);
        if let Some(n) = planted {
            hits[n] += 1;
        }
        println!(
            "{:2} {:8} {:>5} n={:<3} {:?} {:?} {:?} {:?}",
            rank + 1,
            topic.score,
            topic
                .ratio
                .map_or("new".to_owned(), |ratio| ratio.to_string()),
            topic.contacts.len(),
            topic.rise,
            planted,
            topic.phrases,
            topic.spans,
        );
    }
    let hit = hits.iter().filter(|many| **many > 0).count();
    assert!(hit >= 13, "{hit} of 15: {hits:?}");
    let published: Vec<&str> = topics
        .iter()
        .flat_map(|topic| {
            let examples = topic.examples.iter().map(|example| example.text.as_str());
            topic
                .phrases
                .iter()
                .map(String::as_str)
                .chain([topic.name.as_str()])
                .chain(examples)
        })
        .collect();
    for text in &published {
        let known = set
            .personal
            .all
            .iter()
            .find(|one| text.contains(one.as_str()));
        assert_eq!(known, None, "{text}");
    }
    let of = |n: usize| topics.iter().find(|topic| which(&set, topic) == Some(n));
    assert_eq!(
        of(2).map(|topic| topic.rise),
        Some(Rise::Day),
        "one day, and nothing before"
    );
    assert_eq!(
        of(3).map(|topic| topic.rise),
        Some(Rise::Slow),
        "five weeks"
    );
}

/// The examples above are those with the fewest holes; here every summary is masked.
#[test]
fn no_name_and_no_number_is_left_in_any_of_the_summaries_of_a_week() {
    let set = make();
    let texts = set
        .now
        .iter()
        .map(|(said, _)| (said.requester, said.text.as_str()));
    let masker = Masker::learned(knowledge::dictionary(), texts, 8);
    let mut left = Vec::new();
    for (said, _) in &set.now {
        let mask = masker.mask(&said.text, &[]);
        if let Some(one) = set
            .personal
            .all
            .iter()
            .find(|one| mask.text.contains(one.as_str()))
        {
            left.push(format!("{one}: {} → {}", said.text, mask.text));
        }
    }
    assert!(
        left.is_empty(),
        "{} of {}: {:#?}",
        left.len(),
        set.now.len(),
        &left[..left.len().min(20)]
    );
}
