//! What an operator chooses for a product when mapping it, where a gateway leaves a choice.

use gatewright_types::text_enum;

use crate::connector::Connector;

text_enum! {
    /// How many objects of a gateway a subscription is, where one of them opens one thing.
    pub enum Layout {
        /// One for all its keys: its products stand for one thing there.
        OnePerSubscription = "ONE_PER_SUBSCRIPTION",
        /// One for each key, which is narrowed to what stands for one thing there.
        OnePerKey = "ONE_PER_KEY",
    }
}

text_enum! {
    /// What becomes of the old secret when a key is rotated, where a gateway holds one secret at a time.
    pub enum Rotation {
        /// The new secret is another application there; both are valid for the overlap.
        Clone = "CLONE",
        /// The old one ends when the new one begins.
        Cut = "CUT",
    }
}

/// What a mapping chose; what is absent is as the gateway was connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// How many objects there.
    pub layout: Option<Layout>,
    /// What becomes of the old secret.
    pub rotation: Option<Rotation>,
}

/// Why these are no choices of a gateway: those that it does not leave, of both.
pub(crate) fn not_left(choices: &[Choice], layout: bool, rotation: bool) -> Result<(), String> {
    let chosen = |chosen: bool, left: bool, name: &str| {
        (chosen && !left).then(|| format!("it leaves no choice of {name}: leave that out"))
    };
    let layouts = choices.iter().any(|choice| choice.layout.is_some());
    let rotations = choices.iter().any(|choice| choice.rotation.is_some());
    let reason = chosen(layouts, layout, "layout").or_else(|| chosen(rotations, rotation, "rotation"));
    reason.map_or(Ok(()), Err)
}

/// A gateway as it is used for what was mapped in a certain way; none: in the way in which it is connected.
pub type Chosen = Result<Option<std::sync::Arc<dyn Connector>>, String>;
