"""Signatures in plain Python: RFC 8032's own, a library's, and those that nobody should accept."""

import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from consent.tlog import ed25519
from tests.tampering import SIGNED_MUTATIONS, flip, tampered_bytes

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19

# RFC 8032, section 7.1: secret key, public key, message, signature.
PUBLISHED = {
    "test_1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "test_2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test_3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "test_sha_abc": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

# The eight points of small order, and the other spellings of those that have some.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
MISSPELT = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
BASE = "5866666666666666666666666666666666666666666666666666666666666666"


def library_verifies(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signed(chance, length=40):
    secret = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    message = chance.randbytes(length)
    return secret.public_key().public_bytes_raw(), message, secret.sign(message)


@pytest.mark.parametrize("row", PUBLISHED.values(), ids=PUBLISHED)
def test_the_signatures_of_the_rfc_hold(row):
    secret, public, message, signature = map(bytes.fromhex, row)
    made = Ed25519PrivateKey.from_private_bytes(secret)
    assert made.public_key().public_bytes_raw() == public and made.sign(message) == signature
    assert ed25519.verify(public, message, signature)
    assert not ed25519.verify(public, message + b"\0", signature)


def test_what_a_library_signs_holds():
    chance = random.Random("holds")
    for length in range(200):
        assert ed25519.verify(*signed(chance, length))


def test_nothing_tampered_with_holds_and_the_library_agrees():
    chance = random.Random("tampered")
    for _ in range(SIGNED_MUTATIONS // 50):
        public, message, signature = signed(chance)
        assert ed25519.verify(public, message, signature)
        for _ in range(50):
            part = chance.randrange(3)
            claim = [public, message, signature]
            claim[part] = tampered_bytes(chance, claim[part])
            assert not ed25519.verify(*claim)
            assert not library_verifies(*claim)


def test_a_signature_by_another_key_does_not_hold():
    chance = random.Random("other key")
    public, message, signature = signed(chance)
    other, *_ = signed(chance)
    assert ed25519.verify(public, message, signature)
    assert not ed25519.verify(other, message, signature)


@pytest.mark.parametrize("times", range(1, 15))
def test_a_signature_has_no_second_form(times):
    # S and S + order give the same point, so a lax verifier takes both.
    public, message, signature = signed(random.Random("malleable"))
    s = int.from_bytes(signature[32:], "little")
    assert ed25519.verify(public, message, signature)
    second = s + times * ORDER
    assert not ed25519.verify(public, message, signature[:32] + second.to_bytes(32, "little"))


def forged_under(key):
    """A signature that holds for a key of order 1, whatever is signed: S = 1, R = the base."""
    return bytes.fromhex(key), bytes.fromhex(BASE) + (1).to_bytes(32, "little")


@pytest.mark.parametrize("key", [*SMALL, *MISSPELT])
def test_a_key_of_small_order_verifies_nothing(key):
    public, signature = forged_under(key)
    assert not any(ed25519.verify(public, b"%d" % n, signature) for n in range(32))


@pytest.mark.parametrize("key", SMALL)
def test_it_is_the_rule_on_small_orders_that_refuses_them(key, monkeypatch):
    monkeypatch.setattr(ed25519, "_is_small", lambda point: False)
    public, signature = forged_under(key)
    assert any(ed25519.verify(public, b"%d" % n, signature) for n in range(200))


@pytest.mark.parametrize("encoding", MISSPELT)
def test_a_point_has_one_spelling(encoding):
    assert ed25519._decode(bytes.fromhex(encoding)) is None


@pytest.mark.parametrize("encoding", [*SMALL, BASE])
def test_a_point_that_is_decoded_is_encoded_as_it_was(encoding):
    point = ed25519._decode(bytes.fromhex(encoding))
    assert point is not None
    assert ed25519._encode(point).hex() == encoding
    assert ed25519._is_small(point) == (encoding != BASE)


def test_a_y_beyond_the_prime_is_no_point():
    for y in range(PRIME, 2**255):
        assert ed25519._decode(y.to_bytes(32, "little")) is None


@pytest.mark.parametrize(("public", "signature"), [(31, 64), (33, 64), (0, 64), (32, 63), (32, 65)])
def test_another_length_is_refused(public, signature):
    assert not ed25519.verify(bytes(public), b"", bytes(signature))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_noise_is_refused_and_nothing_is_raised(public, signature):
    assert not ed25519.verify(public, b"", signature)


def test_a_flipped_bit_is_noticed_wherever_it_is():
    public, message, signature = signed(random.Random("every bit"))
    assert ed25519.verify(public, message, signature)
    for bit in range(512):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not ed25519.verify(public, message, bytes(changed))
    assert not ed25519.verify(public, flip(random.Random(1), message), signature)
