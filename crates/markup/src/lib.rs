//! Text of authors, in CommonMark, as HTML that is safe to show.
