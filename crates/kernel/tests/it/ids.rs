use std::collections::BTreeSet;
use std::time::Duration;

use kernel::{Clock, Ids};

#[test]
fn ids_rise_even_within_a_millisecond_and_across_threads_are_unique() {
    let ids = Ids::new(Clock::system());
    let made: Vec<_> = (0..10_000).map(|_| ids.next()).collect();
    assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let ids = ids.clone();
            std::thread::spawn(move || (0..5_000).map(|_| ids.next()).collect::<Vec<_>>())
        })
        .collect();
    let all: BTreeSet<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(all.len(), 20_000);
}

#[test]
fn ids_carry_the_time_of_the_moved_clock() {
    let clock = Clock::starting_at("2030-01-01T00:00:00Z".parse().unwrap());
    let ids = Ids::new(clock.clone());
    clock.advance(Duration::from_hours(1));
    let (seconds, _) = ids.next().get_timestamp().unwrap().to_unix();
    assert!(
        (1_893_459_600..1_893_459_660).contains(&seconds),
        "{seconds}"
    );
    assert_eq!(ids.secret(16).len(), 32);
    assert_ne!(ids.secret(16), ids.secret(16));
}
