//! How many agents a load of calls needs: Erlang C for callers who never give up, Erlang A (M/M/n+M) for those who do.
//!
//! Rates are per second, times in seconds, shares between 0 and 1. Sources: Erlang (1917) for C; Baccelli and Hebuterne
//! (1981), Zeltyn and Mandelbaum (2005) for A.

/// The most agents a search goes to.
const MOST_AGENTS: u32 = 20_000;
/// Steps of the integral over the wait.
const STEPS: usize = 2_000;

/// What comes in and how long it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Calls a second.
    pub rate: f64,
    /// Average handle time in seconds: talk, hold and wrap-up.
    pub aht: f64,
    /// Average patience in seconds; `None` for callers who never give up.
    pub patience: Option<f64>,
}

impl Load {
    /// So many calls in an interval of so many seconds.
    pub fn of_interval(calls: f64, interval: f64, aht: f64, patience: Option<f64>) -> Self {
        Self {
            rate: calls / interval,
            aht,
            patience,
        }
    }

    /// Offered load in Erlang.
    pub fn erlangs(&self) -> f64 {
        self.rate * self.aht
    }
}

/// What a number of agents makes of a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Service {
    /// Agents on the phones.
    pub agents: u32,
    /// Share of the callers who wait at all.
    pub wait_probability: f64,
    /// Average wait in seconds, of those who are answered.
    pub asa: f64,
    /// Share of the callers who give up.
    pub abandoned: f64,
    /// Share of an agent's time that is taken by calls.
    pub occupancy: f64,
}

/// What a roster must reach; each may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Targets {
    /// So large a share answered within so many seconds (K-02, K-03).
    pub service_level: Option<(f64, f64)>,
    /// The largest share that gives up (K-04).
    pub abandoned: Option<f64>,
    /// The longest average wait in seconds (K-05).
    pub asa: Option<f64>,
    /// The largest occupancy (K-11).
    pub occupancy: Option<f64>,
}

/// Erlang B by its recursion, which stays in range for any load.
fn blocking(erlangs: f64, agents: u32) -> f64 {
    (1..=agents).fold(1.0, |blocked, n| {
        erlangs * blocked / (f64::from(n) + erlangs * blocked)
    })
}

/// Erlang C: the share of callers who wait; all of them where the agents cannot keep up.
pub fn erlang_c(erlangs: f64, agents: u32) -> f64 {
    if agents == 0 || erlangs >= f64::from(agents) {
        return 1.0;
    }
    let blocked = blocking(erlangs, agents);
    let free = 1.0 - erlangs / f64::from(agents);
    blocked / (free + (1.0 - free) * blocked)
}

/// What so many agents make of the load.
pub fn service(load: Load, agents: u32) -> Service {
    match load.patience {
        None => without_end(load, agents),
        Some(patience) => Waits::of(load, patience, agents).service(),
    }
}

fn without_end(load: Load, agents: u32) -> Service {
    let (erlangs, n) = (load.erlangs(), f64::from(agents));
    let wait_probability = erlang_c(erlangs, agents);
    let keeps_up = erlangs < n;
    Service {
        agents,
        wait_probability,
        asa: if keeps_up {
            wait_probability * load.aht / (n - erlangs)
        } else {
            f64::INFINITY
        },
        abandoned: 0.0,
        occupancy: if agents == 0 {
            1.0
        } else {
            (erlangs / n).min(1.0)
        },
    }
}

/// The share of the callers who are answered within so many seconds, of all who called (K-03, variant ③).
pub fn answered_within(load: Load, agents: u32, seconds: f64) -> f64 {
    if let Some(patience) = load.patience {
        return Waits::of(load, patience, agents).answered_within(seconds);
    }
    let (erlangs, n) = (load.erlangs(), f64::from(agents));
    if erlangs >= n {
        return 0.0;
    }
    1.0 - erlang_c(erlangs, agents) * (-(n - erlangs) * seconds / load.aht).exp()
}

/// The fewest agents that reach every target; `None` where no number within reason does.
pub fn agents_for(load: Load, targets: &Targets) -> Option<u32> {
    let reaches = |agents: u32| {
        let service = service(load, agents);
        targets
            .service_level
            .is_none_or(|(share, seconds)| answered_within(load, agents, seconds) >= share)
            && targets
                .abandoned
                .is_none_or(|most| service.abandoned <= most)
            && targets.asa.is_none_or(|most| service.asa <= most)
            && targets
                .occupancy
                .is_none_or(|most| service.occupancy <= most)
    };
    if load.rate <= 0.0 {
        return Some(0);
    }
    if load.erlangs() > f64::from(MOST_AGENTS) && load.patience.is_none() {
        return None;
    }
    // More agents never do worse: double, then halve.
    let mut high = (load.erlangs().ceil() as u32).clamp(1, MOST_AGENTS);
    while !reaches(high) {
        if high >= MOST_AGENTS {
            return None;
        }
        high = (high * 2).min(MOST_AGENTS);
    }
    let mut low = 0;
    while low < high {
        let middle = low.midpoint(high);
        if reaches(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

/// Agents on the roster for so many on the phones, when a share of the paid time goes to leave, breaks and meetings.
pub fn with_shrinkage(agents: u32, shrinkage: f64) -> u32 {
    if agents == 0 {
        0
    } else {
        (f64::from(agents) / (1.0 - shrinkage.clamp(0.0, 0.95))).ceil() as u32
    }
}

/// Average patience from waits that mostly end by an answer, which hides how long the caller would have stayed: all the
/// time that was waited, for each caller who gave up. `None` when nobody did.
pub fn patience(waits: impl IntoIterator<Item = (f64, bool)>) -> Option<f64> {
    let (mut waited, mut gave_up) = (0.0, 0_u32);
    for (seconds, abandoned) in waits {
        waited += seconds;
        gave_up += u32::from(abandoned);
    }
    (gave_up > 0).then(|| waited / f64::from(gave_up))
}

/// The handle time of a message conversation for an agent who holds several at a time; each one more slows the others by
/// `drag` (0: not at all, 1: as if one came after the other).
pub fn chat_aht(aht: f64, at_once: u32, drag: f64) -> f64 {
    let others = f64::from(at_once.max(1) - 1);
    aht * (1.0 + others * drag.clamp(0.0, 1.0)) / f64::from(at_once.max(1))
}

/// The queue in balance: the density of the time that a caller who never gives up would have to wait.
struct Waits {
    load: Load,
    agents: u32,
    /// Rate of giving up.
    give_up: f64,
    /// Probability that all are busy but nobody waits before the last agent is taken: the density at 0, without the rate.
    at_the_brink: f64,
    wait_probability: f64,
}

impl Waits {
    fn of(load: Load, patience: f64, agents: u32) -> Self {
        let give_up = 1.0 / patience;
        let n = f64::from(agents);
        let erlangs = load.erlangs();
        // By the ratio of what is below n busy agents to the state n - 1, which stays in range.
        let below = if agents == 0 {
            0.0
        } else {
            (1..agents).fold(1.0, |sum, k| 1.0 + sum * f64::from(k) / erlangs)
        };
        let tail = load.rate
            * integral(
                |x| hazard(load.rate, give_up, n / load.aht, x),
                0.0,
                horizon(load, give_up, n),
            );
        let (at_the_brink, wait_probability) = if agents == 0 {
            (1.0, 1.0)
        } else {
            (1.0 / (below + tail), tail / (below + tail))
        };
        Self {
            load,
            agents,
            give_up,
            at_the_brink,
            wait_probability,
        }
    }

    fn density(&self, x: f64) -> f64 {
        let service = f64::from(self.agents) / self.load.aht;
        self.load.rate * self.at_the_brink * hazard(self.load.rate, self.give_up, service, x)
    }

    /// Share of all callers who are answered after at most so many seconds.
    fn answered_within(&self, seconds: f64) -> f64 {
        if self.agents == 0 {
            return 0.0;
        }
        1.0 - self.wait_probability
            + integral(
                |x| self.density(x) * (-self.give_up * x).exp(),
                0.0,
                seconds,
            )
    }

    fn service(&self) -> Service {
        if self.agents == 0 {
            return Service {
                agents: 0,
                wait_probability: 1.0,
                asa: f64::INFINITY,
                abandoned: 1.0,
                occupancy: 1.0,
            };
        }
        let end = horizon(self.load, self.give_up, f64::from(self.agents));
        let stays = |x: f64| (-self.give_up * x).exp();
        let answered = self.answered_within(end).clamp(0.0, 1.0);
        let waited = integral(|x| x * self.density(x) * stays(x), 0.0, end);
        Service {
            agents: self.agents,
            wait_probability: self.wait_probability,
            asa: if answered > 0.0 {
                waited / answered
            } else {
                f64::INFINITY
            },
            abandoned: 1.0 - answered,
            occupancy: (self.load.erlangs() * answered / f64::from(self.agents)).min(1.0),
        }
    }
}

/// `exp(λ (1 - e^{-θx})/θ - nμx)`.
fn hazard(rate: f64, give_up: f64, service: f64, x: f64) -> f64 {
    (rate * -(-give_up * x).exp_m1() / give_up - service * x).exp()
}

/// By then nobody waits any more: the density is e⁻⁵⁰ of what it was at 0.
fn horizon(load: Load, give_up: f64, n: f64) -> f64 {
    let service = n / load.aht;
    let exponent = |x: f64| load.rate * -(-give_up * x).exp_m1() / give_up - service * x;
    let mut end = 1.0 / service;
    while exponent(end) > -50.0 {
        end *= 1.25;
    }
    end
}

/// Simpson's rule.
fn integral(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    if to <= from {
        return 0.0;
    }
    let step = (to - from) / (2 * STEPS) as f64;
    let inner: f64 = (1..2 * STEPS)
        .map(|at| f(from + step * at as f64) * if at % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    (f(from) + inner + f(to)) * step / 3.0
}
