//! On gateways of other vendors: the key, where each of them expects it.
