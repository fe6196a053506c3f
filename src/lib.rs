//! The facade: everything an embedding program needs, re-exported.
