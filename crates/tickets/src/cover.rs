//! Who stands in for an owner who is not there (代班, A-32): the ticket keeps its owner, and what comes about it
//! comes to his cover as well.
//!
//! Who is away: on a day of an absence; while the line is open and he takes no calls (an agent who is signed out of
//! the floor); or for good, when he may own no tickets any more. Outside of the service hours nobody is missed.
//! His cover is the first of those the lead named for the day who is there himself, a deputy (B 角) after the
//! others; without one the shift lead.

pub mod http;
pub mod store;

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Why an owner is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Away {
    /// 缺勤: the lead wrote down that he is away.
    Absence,
    /// 签出: the line is open and he is not signed in to the floor.
    SignedOut,
    /// He may own no tickets any more.
    Left,
}

/// Somebody named to stand in for an owner, both days included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// For whom.
    pub owner_id: Uuid,
    /// Who stands in.
    pub user_id: Uuid,
    /// After the others (B 角).
    pub deputy: bool,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day; `None` until further notice.
    pub to_day: Option<NaiveDate>,
}

/// Who is there at one moment, and who is named for the others.
#[derive(Debug, Clone, Default)]
pub struct Duty {
    /// Those of the day, in the order they are asked in.
    pub covers: Vec<Cover>,
    /// Away on this day.
    pub absent: HashSet<Uuid>,
    /// The agents.
    pub agents: HashSet<Uuid>,
    /// The shift leads, in the order they are asked in.
    pub leads: Vec<Uuid>,
    /// The others who may own tickets.
    pub others: HashSet<Uuid>,
    /// The agents who are signed in to the floor; `None` outside of the service hours.
    pub signed_in: Option<HashSet<Uuid>>,
}

impl Duty {
    /// Why a person is away; `None` while he is there.
    pub fn away(&self, person: Uuid) -> Option<Away> {
        let leads = self.leads.contains(&person);
        if !leads && !self.agents.contains(&person) && !self.others.contains(&person) {
            return Some(Away::Left);
        }
        if self.absent.contains(&person) {
            return Some(Away::Absence);
        }
        // Who leads the shift need not take calls.
        let signed_out = self
            .signed_in
            .as_ref()
            .is_some_and(|here| !here.contains(&person));
        let takes_calls = self.agents.contains(&person) && !leads;
        (takes_calls && signed_out).then_some(Away::SignedOut)
    }

    /// Who stands in for `owner` now, and why; never the person that `about` says a complaint is about.
    pub fn cover_of(&self, owner: Uuid, about: Option<Uuid>) -> Option<(Uuid, Away)> {
        let why = self.away(owner)?;
        let named = self.covers.iter().filter(|cover| cover.owner_id == owner);
        named
            .map(|cover| cover.user_id)
            .chain(self.leads.iter().copied())
            .find(|person| {
                *person != owner && about != Some(*person) && self.away(*person).is_none()
            })
            .map(|person| (person, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Uuid = Uuid::from_u128(1);
    const COVER: Uuid = Uuid::from_u128(2);
    const DEPUTY: Uuid = Uuid::from_u128(3);
    const LEAD: Uuid = Uuid::from_u128(9);

    fn cover(user_id: Uuid, deputy: bool) -> Cover {
        Cover {
            owner_id: OWNER,
            user_id,
            deputy,
            from_day: NaiveDate::default(),
            to_day: None,
        }
    }

    fn duty(signed_in: Option<&[Uuid]>, absent: &[Uuid]) -> Duty {
        Duty {
            covers: vec![cover(COVER, false), cover(DEPUTY, true)],
            absent: absent.iter().copied().collect(),
            agents: HashSet::from([OWNER, COVER, DEPUTY]),
            leads: vec![LEAD],
            others: HashSet::new(),
            signed_in: signed_in.map(|here| here.iter().copied().collect()),
        }
    }

    #[test]
    fn the_first_who_is_there_stands_in() {
        let all = [OWNER, COVER, DEPUTY];
        let who = |signed_in, absent: &[Uuid]| duty(signed_in, absent).cover_of(OWNER, None);
        assert_eq!(who(Some(&all), &[]), None, "he is there");
        assert_eq!(who(None, &[]), None, "nobody is missed at night");
        assert_eq!(who(Some(&[COVER]), &[]), Some((COVER, Away::SignedOut)));
        assert_eq!(who(Some(&all), &[OWNER]), Some((COVER, Away::Absence)));
        assert_eq!(
            who(Some(&all), &[OWNER, COVER]),
            Some((DEPUTY, Away::Absence))
        );
        assert_eq!(who(Some(&[]), &[OWNER]), Some((LEAD, Away::Absence)));
        assert_eq!(who(Some(&[]), &[OWNER, LEAD]), None);
    }

    #[test]
    fn nobody_stands_in_where_a_complaint_is_about_him() {
        let duty = duty(Some(&[COVER, DEPUTY]), &[]);
        assert_eq!(
            duty.cover_of(OWNER, Some(COVER)),
            Some((DEPUTY, Away::SignedOut))
        );
    }

    #[test]
    fn who_left_is_stood_in_for_at_night_too() {
        let mut duty = duty(None, &[]);
        duty.agents.remove(&OWNER);
        assert_eq!(duty.cover_of(OWNER, None), Some((COVER, Away::Left)));
    }
}
