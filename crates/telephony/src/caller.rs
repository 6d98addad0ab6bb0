//! (being written by the helper for the test caller and the test phone; the engine's helper need not)
