//! The one form of a pure state machine: a case, an action and the moment go in; the case after it, or a refusal,
//! comes out. Whoever reads one has read them all.

use calendar::{DeadlineRule, ServiceClock};
use chrono::{DateTime, Utc};

/// When, and under which rules.
#[derive(Debug)]
pub struct Moment<'a, R> {
    /// When.
    pub now: DateTime<Utc>,
    /// The calendar and the hours.
    pub service: &'a ServiceClock,
    /// What is agreed: how long what may take, who answers.
    pub rules: &'a R,
}

impl<R> Clone for Moment<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Moment<'_, R> {}

impl<R> Moment<'_, R> {
    /// When a step is due that begins now and may take so long.
    pub fn due(&self, rule: &DeadlineRule) -> DateTime<Utc> {
        self.service.deadline(rule, self.now).business_due_at
    }
}

/// Why a machine says no: each reason with its stable code, which the console translates, what stands behind the
/// name of the case in the problem, and a way out where there is one.
///
/// ```
/// kernel::refusals! {
///     /// Why a letter says no.
///     Refusal {
///         /// It is sent.
///         Sent = "letter_sent", "is sent and does not change", "write another one";
///         /// It cannot be done on this page.
///         NotOnPage(page: u32) = "letter_not_on_page", format!("has nothing on page {page}");
///     }
/// }
/// let problem = Refusal::NotOnPage(3).about("letter `7`");
/// assert_eq!(problem.detail, "letter `7` has nothing on page 3");
/// ```
#[macro_export]
macro_rules! refusals {
    (
        $(#[$about:meta])* $name:ident {
            $(
                $(#[$of:meta])*
                $reason:ident $(($known:ident: $kind:ty))? = $code:literal, $what:expr $(, $way_out:literal)?;
            )*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $reason $(($kind))?,)* }

        impl $name {
            /// Stable code; the console translates it.
            #[allow(unused_variables, reason = "a code says nothing of what is known")]
            pub fn code(self) -> &'static str {
                match self { $(Self::$reason $(($known))? => $code,)* }
            }

            /// The refusal as a problem document about a case: ``escalation `SJ-S20261123-001` ``.
            pub fn about(self, case: &str) -> $crate::Problem {
                match self {
                    $(Self::$reason $(($known))? => {
                        let detail = format!("{case} {}", $what);
                        $crate::problem::refused($code, detail) $(.with_way_out($way_out))?
                    })*
                }
            }
        }
    };
}
