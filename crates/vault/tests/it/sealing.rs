//! What is sealed opens as what it was sealed for, and as nothing else.

use gatewright_types::ids::TenantId;
use gatewright_types::{Clock, Rng};
use gatewright_vault::data_key::SECRET_MAX_BYTES;
use gatewright_vault::{Belonging, DataKey, Keyring, MasterKey, Minted, Ring, Sealed, VaultError, WrappedDataKey};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// Does not compile when a type has a trait: then it is ambiguous whose `item` is meant.
macro_rules! never {
    ($trait:path: $($type:ty),+) => {
        $(const _: fn() = || {
            trait Ambiguous<A> {
                fn item() {}
            }
            struct Invalid;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $trait> Ambiguous<Invalid> for T {}
            let _ = <$type as Ambiguous<_>>::item;
        };)+
    };
}

never!(std::fmt::Debug: DataKey, MasterKey, Minted, Ring, Keyring);
never!(std::fmt::Display: DataKey, MasterKey, Minted, Ring, Keyring, Sealed);
never!(Clone: DataKey, MasterKey, Minted);

fn tenant(rng: &Rng) -> TenantId {
    TenantId::mint(&Clock::System, rng)
}

fn belonging(tenant_id: TenantId) -> Belonging {
    Belonging {
        tenant_id,
        kind: "api-key",
        id: Uuid::from_u128(7),
        version: 3,
    }
}

fn is_damaged<T>(result: Result<T, VaultError>) -> bool {
    result.is_err_and(|error| matches!(error, VaultError::Damaged))
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again_and_never_looks_the_same(secret: String, seed: u64) {
        let rng = Rng::seeded(seed);
        let key = DataKey::mint(tenant(&rng), 1, &rng);
        let belonging = belonging(key.tenant_id());
        let secret = SecretString::from(secret);
        let sealed = key.seal(&belonging, &rng, &secret).unwrap();
        let kept = Sealed::from_bytes(sealed.as_bytes().to_vec()).unwrap();
        let opened = key.open(&belonging, &kept).unwrap();
        prop_assert_eq!(opened.expose_secret(), secret.expose_secret());
        prop_assert!(key.seal(&belonging, &rng, &secret).unwrap() != sealed);
        let plain = secret.expose_secret().as_bytes();
        if plain.len() >= 8 {
            prop_assert!(!sealed.as_bytes().windows(plain.len()).any(|part| part == plain));
        }
    }

    #[test]
    fn no_bytes_open_or_panic(bytes: Vec<u8>, version: u32) {
        let rng = Rng::seeded(1);
        let (key, master) = (DataKey::mint(tenant(&rng), 0, &rng), MasterKey::mint(&rng));
        if let Ok(sealed) = Sealed::from_bytes(bytes.clone()) {
            prop_assert!(is_damaged(key.open(&belonging(key.tenant_id()), &sealed)));
        }
        let wrapped = WrappedDataKey { master_key_id: master.id().clone(), bytes };
        prop_assert!(is_damaged(master.unwrap(key.tenant_id(), version, &wrapped)));
    }

    #[test]
    fn a_secret_opens_for_nothing_but_what_it_was_sealed_for(id in any::<u128>(), version: u32) {
        let rng = Rng::seeded(2);
        let key = DataKey::mint(tenant(&rng), 1, &rng);
        let right = belonging(key.tenant_id());
        let sealed = key.seal(&right, &rng, &SecretString::from("secret")).unwrap();
        let others = [
            Belonging { id: Uuid::from_u128(id), ..right },
            Belonging { version, ..right },
            Belonging { kind: "api-ke", ..right },
            Belonging { kind: "", ..right },
            Belonging { tenant_id: tenant(&rng), ..right },
        ];
        for other in others.into_iter().filter(|other| *other != right) {
            prop_assert!(is_damaged(key.open(&other, &sealed)));
        }
    }
}

#[test]
fn every_changed_or_missing_byte_is_noticed() {
    let rng = Rng::seeded(3);
    let key = DataKey::mint(tenant(&rng), 1, &rng);
    let belonging = belonging(key.tenant_id());
    let sealed = key
        .seal(&belonging, &rng, &SecretString::from("sk_live_whatever"))
        .unwrap();
    let whole = sealed.as_bytes();
    assert_eq!(whole.len(), 1 + 4 + 12 + 16 + 16);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1 << bit;
            let opened = Sealed::from_bytes(bytes).and_then(|sealed| key.open(&belonging, &sealed));
            assert!(is_damaged(opened), "bit {bit} of byte {at}");
        }
        let opened = Sealed::from_bytes(whole[..at].to_vec()).and_then(|sealed| key.open(&belonging, &sealed));
        assert!(is_damaged(opened), "the first {at} bytes");
        let opened = Sealed::from_bytes(whole[at + 1..].to_vec()).and_then(|sealed| key.open(&belonging, &sealed));
        assert!(is_damaged(opened), "all but the first {at}");
    }
    let longer = Sealed::from_bytes([whole, &[0]].concat()).unwrap();
    assert!(is_damaged(key.open(&belonging, &longer)));
}

#[test]
fn a_data_key_unwraps_for_its_tenant_and_version_by_its_master_key_only() {
    let rng = Rng::seeded(4);
    let (master, other) = (MasterKey::mint(&rng), MasterKey::mint(&rng));
    let key = DataKey::mint(tenant(&rng), 2, &rng);
    let wrapped = master.wrap(&key, &rng);
    let unwrapped = master.unwrap(key.tenant_id(), 2, &wrapped).unwrap();
    let secret = SecretString::from("secret");
    let sealed = key.seal(&belonging(key.tenant_id()), &rng, &secret).unwrap();
    let opened = unwrapped.open(&belonging(key.tenant_id()), &sealed).unwrap();
    assert_eq!(opened.expose_secret(), "secret");

    assert!(is_damaged(master.unwrap(tenant(&rng), 2, &wrapped)), "another tenant");
    assert!(
        is_damaged(master.unwrap(key.tenant_id(), 1, &wrapped)),
        "another version"
    );
    assert!(
        is_damaged(other.unwrap(key.tenant_id(), 2, &wrapped)),
        "another master key"
    );
    for at in 0..wrapped.bytes.len() {
        let mut changed = wrapped.clone();
        changed.bytes[at] ^= 1;
        assert!(is_damaged(master.unwrap(key.tenant_id(), 2, &changed)), "byte {at}");
        changed.bytes.truncate(at);
        assert!(
            is_damaged(master.unwrap(key.tenant_id(), 2, &changed)),
            "the first {at} bytes"
        );
    }
}

#[test]
fn another_tenants_key_and_another_version_open_nothing() {
    let rng = Rng::seeded(5);
    let (ours, newer, theirs) = {
        let tenant_id = tenant(&rng);
        let key = |version| DataKey::mint(tenant_id, version, &rng);
        (key(1), key(2), DataKey::mint(tenant(&rng), 1, &rng))
    };
    let belonging = belonging(ours.tenant_id());
    let sealed = ours.seal(&belonging, &rng, &SecretString::from("secret")).unwrap();
    assert!(is_damaged(newer.open(&belonging, &sealed)));
    assert!(is_damaged(theirs.open(&belonging, &sealed)));
    assert!(is_damaged(theirs.seal(&belonging, &rng, &SecretString::from("secret"))));
    let long = SecretString::from("x".repeat(SECRET_MAX_BYTES + 1));
    assert!(is_damaged(ours.seal(&belonging, &rng, &long)));
}

#[test]
fn what_is_printed_of_a_sealed_secret_is_its_length() {
    let rng = Rng::seeded(6);
    let key = DataKey::mint(tenant(&rng), 1, &rng);
    let sealed = key
        .seal(&belonging(key.tenant_id()), &rng, &SecretString::from("secret"))
        .unwrap();
    assert_eq!(format!("{sealed:?}"), "Sealed(39 bytes)");
}
