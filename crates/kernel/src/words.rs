//! Closed lists of words on the wire and in the tables.

/// An enum of words, each with its code: `ALL`, `as_str` and `parse`, serde and OpenAPI by the same codes, which are
/// the names in snake case.
///
/// ```
/// kernel::words! {
///     /// How pressing it is.
///     Priority {
///         /// 一般
///         Normal = "normal",
///         /// 紧急
///         Urgent = "urgent",
///     }
/// }
/// assert_eq!(Priority::parse("urgent"), Some(Priority::Urgent));
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_doc])* $word,)* }

        impl $name {
            /// Every word, in the order of the console.
            pub const ALL: &'static [Self] = &[$(Self::$word),*];

            /// The code stored and sent.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$word => $code,)* }
            }

            /// The word with this code.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$word),)* _ => None }
            }
        }
    };
}
