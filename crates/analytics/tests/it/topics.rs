//! Hot and hard topics: the formulas by hand, masking, and what is found in a labelled set.

mod acceptance;
mod index;
mod made_up;
mod mask;
