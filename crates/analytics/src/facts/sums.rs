//! What facts are summed up to. Each name is a column of `kpi_cells` and is written here once.

macro_rules! sums {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts and milliseconds of a set of facts.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sea_orm::FromQueryResult)]
        pub struct Sums { $($(#[$doc])* pub $name: i64,)* }

        impl Sums {
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The values, in the order of the names.
            pub fn values(&self) -> Vec<i64> {
                vec![$(self.$name),*]
            }

            /// Adds.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// Takes away.
            pub fn take(&mut self, other: &Self) {
                $(self.$name -= other.$name;)*
            }

            /// As a row.
            pub(crate) fn row(&self, key: super::cells::CellKey) -> cell::Model {
                cell::Model {
                    grain: key.grain.as_str().to_owned(),
                    day: kernel::day::text(key.day),
                    half_hour: key.half_hour,
                    channel: key.channel,
                    subject: key.subject,
                    $($name: self.$name,)*
                }
            }
        }

        kernel::table! {
            /// One cell.
            pub mod cell = "kpi_cells" (
                grain: String, day: String, half_hour: i32, channel: String, subject: String
            ) { $($name: i64,)* }
        }
    };
}

sums! {
    /// Contacts of any kind.
    contacts,
    /// Of them calls out.
    outbound,
    /// `O`: calls into a queue whose wait is over.
    offered,
    /// `A`: of them answered.
    answered,
    /// `A15`: of them answered within the queue's service level (15 s unless set otherwise).
    in_time,
    /// `At`: of them answered within 20 s.
    in_20,
    /// `B`: of them given up in the queue, the short ones included.
    abandoned,
    /// `Bt`: of them within 20 s.
    abandoned_in_20,
    /// `Bs`: of them within the queue's short-abandon threshold.
    short,
    /// Lost otherwise: nobody answered in the longest wait, or an interruption.
    lost,
    /// From the queue to the answer, of the answered.
    wait_ms,
    /// From the first ring to the answer, of the answered.
    ring_ms,
    /// Talk without hold, of the handled.
    talk_ms,
    /// Hold, of the handled.
    hold_ms,
    /// Wrap-up of all who had it, of the handled.
    acw_ms,
    /// Answered calls that are over.
    handled,
    /// Answered calls that went on with another agent.
    transferred,
    /// Conversations that asked for an agent and are decided.
    requested,
    /// Of them accepted.
    accepted,
    /// Of them with a first answer.
    responded,
    /// From the first message to the first answer.
    response_ms,
    /// Messages left (留言, 信箱).
    messages,
    /// Of them replied to.
    replied,
    /// From the message to the reply.
    reply_ms,
    /// Of them within 24 hours.
    replied_in_24h,
    /// Contacts that can be resolved at once.
    resolvable,
    /// Of them with no repeat within 7 days and no reopening.
    resolved,
    /// Who could be asked how it was.
    asked,
    /// Of them with an answer that counts.
    rated,
    /// Of them satisfied or fairly so.
    pleased,
    /// Work orders dispatched to us.
    dispatched,
    /// Of them with a return asked for.
    returned,
    /// Of them returned.
    returns_accepted,
    /// Tickets due on the day and answered in time.
    due_met,
    /// Answered after it, or reopened.
    due_missed,
    /// Not answered yet.
    due_open,
    /// Tickets first closed on the day.
    closed,
    /// Of them reopened since.
    reopened,
}
