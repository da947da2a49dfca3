//! Services that do not mean well.
