//! Words that decide who is admitted where.

text_enum! {
    /// Which world a key or a gateway belongs to; a key is admitted only where its own is served.
    pub enum Environment {
        /// Trying things out; nothing is billed.
        Test = "TEST",
        /// The real thing.
        Live = "LIVE",
    }
}

text_enum! {
    /// What a SECURE route of a native gateway asks for.
    pub enum AuthType {
        /// A key in `X-Api-Key`, or as `Authorization: Bearer`.
        ApiKey = "API_KEY",
    }
}

text_enum! {
    /// Whether a route asks for a credential at all.
    pub enum RouteAccess {
        /// Anyone may call.
        Public = "PUBLIC",
        /// A credential of the gateway's auth type is needed.
        Secure = "SECURE",
    }
}

text_enum! {
    /// What a native gateway does on a node that has lost its control plane.
    pub enum WhenCutOff {
        /// Goes on admitting what the node knows.
        Serve = "SERVE",
        /// Refuses every SECURE route.
        Refuse = "REFUSE",
    }
}

text_enum! {
    /// Where an API key stands.
    pub enum KeyStatus {
        /// In use.
        Active = "ACTIVE",
        /// Refused until it is reactivated.
        Suspended = "SUSPENDED",
        /// Refused for ever.
        Revoked = "REVOKED",
    }
}

text_enum! {
    /// Where a node stands.
    pub enum NodeState {
        /// It serves.
        Active = "ACTIVE",
        /// It was told to finish what is under way and end.
        Draining = "DRAINING",
        /// Its right to be a node was taken away.
        Revoked = "REVOKED",
        /// It has not been heard of for a while; what it does is not known.
        Away = "AWAY",
    }
}
