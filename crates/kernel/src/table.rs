//! A table as `SeaORM` wants it, from its columns alone.

/// A module with the `Model`, `Column`, `Entity` and `ActiveModel` of a table: its name, its key in parentheses,
/// its other columns in braces. The table itself is made by a migration.
///
/// ```
/// kernel::table! {
///     /// A party to the contract.
///     pub mod party = "parties" (id: Uuid) {
///         name: String,
///         ended_at: Option<DateTimeUtc>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[$about:meta])* $vis:vis mod $module:ident = $table:literal
        ( $($(#[$of_key:meta])* $key:ident: $key_kind:ty),+ $(,)? )
        { $($(#[$of_column:meta])* $column:ident: $kind:ty),* $(,)? }
    ) => {
        $(#[$about])*
        $vis mod $module {
            #![allow(missing_docs, reason = "the columns are described in the migration, or by their names")]
            #[allow(unused_imports, reason = "not every table has each kind of column")]
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $(
                    $(#[$of_key])*
                    #[sea_orm(primary_key, auto_increment = false)]
                    pub $key: $key_kind,
                )+
                $($(#[$of_column])* pub $column: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}
