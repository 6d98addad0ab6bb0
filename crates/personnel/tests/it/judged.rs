//! What is asked of a person, judged: the borders of each clause, and laws that hold for all files.

use chrono::{Days, NaiveDate};
use personnel::post::{Holding, vacancy};
use personnel::qualification::{
    Finding, Item, ItemStanding, Proof, Requirement, Rulebook, StaffFile, Waiver, age_on, blocking,
    judge, months_of,
};
use personnel::replacement::equivalence::{Profile, compare, holds};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn asks(item: Item) -> Requirement {
    Requirement {
        item,
        mandatory: true,
        least: None,
        most: None,
        exclusive: false,
        level: None,
        valid_months: None,
        least_seconds: None,
    }
}

pub fn rulebook() -> Rulebook {
    let requirements = Item::ALL.iter().map(|item| match item {
        Item::Experience => Requirement {
            least: Some(12),
            ..asks(*item)
        },
        Item::Education => Requirement {
            level: Some("secondary".to_owned()),
            ..asks(*item)
        },
        Item::Age => Requirement {
            most: Some(40),
            ..asks(*item)
        },
        Item::Health | Item::Confidentiality => Requirement {
            valid_months: Some(12),
            ..asks(*item)
        },
        Item::Typing => Requirement {
            least: Some(50),
            least_seconds: Some(180),
            ..asks(*item)
        },
        Item::Mandarin => Requirement {
            level: Some("second_b".to_owned()),
            ..asks(*item)
        },
        Item::Interview | Item::Attitude => Requirement {
            least: Some(30),
            ..asks(*item)
        },
        _ => asks(*item),
    });
    Rulebook {
        requirements: requirements.collect(),
        nda: "2026-1".to_owned(),
        supplier: "首接".to_owned(),
    }
}

pub fn proof(item: Item, on: &str) -> Proof {
    Proof {
        item,
        on: day(on),
        until: None,
        level: None,
        number: None,
        seconds: None,
        issuer: None,
    }
}

fn one(item: Item, proofs: Vec<Proof>, on: &str) -> Finding {
    let file = StaffFile {
        born_on: Some(day("1986-03-02")),
        hired_on: None,
        proofs,
    };
    let all = judge(&file, &rulebook(), &[], day(on));
    all.into_iter()
        .find(|finding| finding.item == item)
        .unwrap()
}

#[test]
fn typing_is_exact_to_the_character_and_lasts_three_minutes() {
    let typed = |correct, seconds| {
        let test = Proof {
            number: Some(correct),
            seconds: Some(seconds),
            ..proof(Item::Typing, "2026-10-08")
        };
        one(Item::Typing, vec![test], "2026-10-09")
    };
    assert_eq!(typed(149, 180).standing, ItemStanding::Below);
    assert_eq!(
        (typed(149, 180).have, typed(149, 180).need),
        (Some(496), Some(500)),
        "49.6 a minute of 50"
    );
    let missing = one(Item::Typing, Vec::new(), "2026-10-09");
    assert_eq!(
        (missing.standing, missing.need),
        (ItemStanding::Missing, Some(500)),
        "in the same measure while nothing is there"
    );
    assert_eq!(typed(150, 180).standing, ItemStanding::Ok);
    assert_eq!(
        typed(150, 179).standing,
        ItemStanding::Below,
        "too short a test"
    );
}

#[test]
fn forty_is_within_and_forty_one_is_not_and_who_is_hired_grows_older_on_his_post() {
    let card = || vec![proof(Item::Age, "2020-01-01")];
    assert_eq!(
        one(Item::Age, card(), "2027-03-01").standing,
        ItemStanding::Ok,
        "still 40"
    );
    assert_eq!(
        one(Item::Age, card(), "2027-03-02").standing,
        ItemStanding::Below,
        "41 today"
    );
    let file = StaffFile {
        born_on: Some(day("1986-03-02")),
        hired_on: Some(day("2026-10-12")),
        proofs: card(),
    };
    let later = judge(&file, &rulebook(), &[], day("2028-01-01"));
    let age = later
        .iter()
        .find(|finding| finding.item == Item::Age)
        .unwrap();
    assert_eq!((age.standing, age.have), (ItemStanding::Ok, Some(40)));
    let strict = Requirement {
        exclusive: true,
        most: Some(40),
        ..asks(Item::Age)
    };
    assert!(
        !strict.fits(40) && strict.fits(39),
        "`< 40` where it is agreed so"
    );
    assert_eq!(age_on(day("2000-02-29"), day("2026-02-28")), 25);
    assert_eq!(age_on(day("2000-02-29"), day("2026-03-01")), 26);
}

#[test]
fn a_health_certificate_runs_out_after_its_months_and_a_newer_one_renews_it() {
    let health = |on: &str| proof(Item::Health, on);
    let old = one(Item::Health, vec![health("2025-10-12")], "2026-10-11");
    assert_eq!(
        (old.standing, old.until),
        (ItemStanding::Ok, Some(day("2026-10-11")))
    );
    assert_eq!(
        one(Item::Health, vec![health("2025-10-12")], "2026-10-12").standing,
        ItemStanding::Expired
    );
    let both = vec![health("2025-10-12"), health("2026-09-01")];
    assert_eq!(
        one(Item::Health, both, "2026-10-12").until,
        Some(day("2027-08-31"))
    );
}

#[test]
fn the_latest_contract_says_who_the_employer_is() {
    let contract = |on: &str, with: &str| Proof {
        issuer: Some(with.to_owned()),
        ..proof(Item::Employer, on)
    };
    let own = contract("2025-01-01", "首接");
    assert_eq!(
        one(Item::Employer, vec![own.clone()], "2026-10-12").standing,
        ItemStanding::Ok
    );
    let lent = vec![own, contract("2026-06-01", "某劳务派遣公司")];
    let found = one(Item::Employer, lent, "2026-10-12");
    assert_eq!(found.standing, ItemStanding::Below, "A-60");
    assert_eq!(found.have_level.as_deref(), Some("某劳务派遣公司"));
}

#[test]
fn the_nda_of_an_older_version_is_none_and_nobody_can_waive_it() {
    let signed = |version: &str| Proof {
        level: Some(version.to_owned()),
        ..proof(Item::Nda, "2026-01-05")
    };
    assert_eq!(
        one(Item::Nda, vec![signed("2026-1")], "2026-10-12").standing,
        ItemStanding::Ok
    );
    assert_eq!(
        one(Item::Nda, vec![signed("2025-1")], "2026-10-12").standing,
        ItemStanding::Below
    );
    let waiver = Waiver {
        item: Item::Nda,
        from: day("2026-01-01"),
        until: day("2027-01-01"),
    };
    let found = judge(
        &StaffFile::default(),
        &rulebook(),
        &[waiver],
        day("2026-10-12"),
    );
    assert!(
        blocking(&found)
            .iter()
            .any(|finding| finding.item == Item::Nda)
    );
}

#[test]
fn months_on_hotlines_are_counted_once_where_they_overlap() {
    let period = |from: &str, to: &str| (day(from), day(to));
    assert_eq!(months_of(vec![period("2025-01-01", "2025-12-31")]), 12);
    assert_eq!(months_of(vec![period("2025-01-01", "2025-12-30")]), 11);
    let overlapping = vec![
        period("2025-01-01", "2025-08-31"),
        period("2025-06-01", "2025-12-31"),
    ];
    assert_eq!(months_of(overlapping), 12);
    let in_a_row = vec![
        period("2025-01-01", "2025-06-15"),
        period("2025-06-16", "2025-12-31"),
    ];
    assert_eq!(months_of(in_a_row), 12);
    assert_eq!(months_of(vec![]), 0);
}

#[test]
fn a_vacancy_counts_working_days_and_days_of_the_calendar() {
    let notice: calendar::YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = calendar::YearCalendar::from_notice(&notice).unwrap();
    let calendar = calendar::Calendar::new(vec![year]);
    let left = Holding {
        from: day("2026-01-04"),
        until: Some(day("2026-09-30")),
    };
    let open = |on: &str, holdings: &[Holding]| {
        vacancy(&calendar, Some(day("2026-01-04")), holdings, day(on))
    };
    assert_eq!(open("2026-09-30", &[left]), None);
    let found = open("2026-10-12", &[left]).unwrap();
    // The national holiday and its make-up Saturday, the 10th.
    assert_eq!(
        (found.since, found.calendar_days, found.working_days),
        (day("2026-10-01"), 12, 4)
    );
    let came = Holding {
        from: day("2026-10-08"),
        until: None,
    };
    assert_eq!(open("2026-10-12", &[left, came]), None);
    assert_eq!(
        vacancy(&calendar, None, &[], day("2026-10-12")),
        None,
        "not to be held yet"
    );
}

#[test]
fn who_comes_is_compared_with_who_leaves() {
    let leaves = Profile {
        education: Some("associate".to_owned()),
        experience: Some(30),
        exam: Some(88),
        quality: Some(91),
    };
    let comes = Profile {
        education: Some("bachelor".to_owned()),
        experience: Some(30),
        exam: None,
        quality: None,
    };
    assert!(
        holds(&compare(&leaves, &comes)),
        "an exam that is still ahead does not count against him"
    );
    let less = Profile {
        experience: Some(29),
        ..comes.clone()
    };
    let lines = compare(&leaves, &less);
    assert!(!holds(&lines));
    assert_eq!(lines.iter().filter(|line| !line.holds).count(), 1);
    assert!(!holds(&compare(
        &leaves,
        &Profile {
            education: None,
            ..comes.clone()
        }
    )));
    assert!(!holds(&compare(
        &leaves,
        &Profile {
            exam: Some(80),
            ..comes
        }
    )));
}

fn items() -> impl Strategy<Value = Item> {
    prop::sample::select(Item::ALL.to_vec())
}

fn proofs() -> impl Strategy<Value = Proof> {
    let levels = prop::sample::select(vec![
        None,
        Some("secondary"),
        Some("doctor"),
        Some("first_a"),
        Some("third_b"),
        Some("2026-1"),
        Some("2025-1"),
    ]);
    let issuers = prop::sample::select(vec![None, Some("首接"), Some("别家")]);
    (
        items(),
        0u64..900,
        prop::option::of(0u64..900),
        levels,
        prop::option::of(0i64..400),
        prop::option::of(0i64..400),
        issuers,
    )
        .prop_map(|(item, on, until, level, number, seconds, issuer)| {
            let on = day("2024-06-01") + Days::new(on);
            Proof {
                item,
                on,
                until: until.map(|until| on + Days::new(until)),
                level: level.map(str::to_owned),
                number,
                seconds,
                issuer: issuer.map(str::to_owned),
            }
        })
}

fn waivers() -> impl Strategy<Value = Waiver> {
    (items(), 0u64..900, 0u64..200).prop_map(|(item, from, long)| {
        let from = day("2024-06-01") + Days::new(from);
        Waiver {
            item,
            from,
            until: from + Days::new(long),
        }
    })
}

proptest! {
    #[test]
    fn one_more_proof_never_makes_anything_worse_but_the_employer(
        kept in prop::collection::vec(proofs(), 0..12), more in proofs(), after in 0u64..1_200,
    ) {
        let today = day("2024-06-01") + Days::new(after);
        let file = |proofs: Vec<Proof>| StaffFile { born_on: Some(day("1990-01-01")), hired_on: None, proofs };
        let before = judge(&file(kept.clone()), &rulebook(), &[], today);
        let mut proofs = kept;
        proofs.push(more);
        let after = judge(&file(proofs), &rulebook(), &[], today);
        for (before, after) in before.iter().zip(&after) {
            prop_assert!(after.standing <= before.standing || after.item == Item::Employer, "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn what_is_waived_never_blocks_and_the_nda_is_never_waived(
        kept in prop::collection::vec(proofs(), 0..12), let_be in prop::collection::vec(waivers(), 0..8), after in 0u64..1_200,
    ) {
        let today = day("2024-06-01") + Days::new(after);
        let file = StaffFile { born_on: None, hired_on: None, proofs: kept };
        let found = judge(&file, &rulebook(), &let_be, today);
        prop_assert_eq!(found.len(), Item::ALL.len());
        for finding in &found {
            let holds = let_be.iter().any(|waiver| {
                waiver.item == finding.item && waiver.from <= today && today <= waiver.until
            });
            if finding.item == Item::Nda {
                prop_assert!(finding.standing != ItemStanding::Waived);
            } else {
                prop_assert_eq!(finding.blocks(), !holds && finding.standing != ItemStanding::Ok);
            }
            if finding.standing == ItemStanding::Waived {
                prop_assert!(holds && finding.until >= Some(today));
            }
        }
    }

    #[test]
    fn what_has_run_out_stays_so_unless_something_new_comes(
        kept in prop::collection::vec(proofs(), 0..12), early in 1_000u64..1_500, later in 0u64..500,
    ) {
        // After every proof was issued only time passes.
        let file = StaffFile { born_on: Some(day("1990-01-01")), hired_on: Some(day("2024-06-01")), proofs: kept };
        let on = |days: u64| judge(&file, &rulebook(), &[], day("2024-06-01") + Days::new(days));
        for (before, after) in on(early).iter().zip(on(early + later)) {
            // Experience that goes on grows.
            prop_assert!(after.standing >= before.standing || after.item == Item::Experience, "{before:?} -> {after:?}");
        }
    }
}
