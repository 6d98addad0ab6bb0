//! Tables that come in over HTTP.

use documents::Unreadable;
use kernel::attachment::table;
use kernel::problem::Problem;

/// Why a file is no table, with the cell where reading ended.
pub(crate) fn unreadable(why: Unreadable) -> Problem {
    let at = why
        .at
        .map(|(row, column)| (row, documents::letters(column)));
    table::unreadable(why.code, why.detail, at)
}
