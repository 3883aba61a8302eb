"""Ed25519 verification in plain Python (RFC 8032, section 5.1), for whoever has no library at hand.

Strict where the RFC leaves a choice: a point has one encoding, S is below the order of the group,
the equation is checked without the cofactor, and keys of small order, under which signatures hold
for more than one message, verify nothing. Only public values come in, so time may depend on them.
"""

import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

# Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x * y = T/Z.
_Point = tuple[int, int, int, int]
_ZERO: _Point = (0, 1, 1, 0)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64 bytes of `signature` sign `message` under the 32 bytes of `public`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key = _decode(public)
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _ORDER or _is_small(key):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    x, y, z, t = key
    return _encode(_combine(s, _BASE, challenge, (_P - x, y, z, _P - t))) == signature[:32]


def _add(p: _Point, q: _Point) -> _Point:
    """The sum; the formula holds for every two points of this curve, equal ones included."""
    a = (p[1] - p[0]) * (q[1] - q[0])
    b = (p[1] + p[0]) * (q[1] + q[0])
    c = 2 * p[3] * q[3] * _D
    d = 2 * p[2] * q[2]
    e, f, g, h = (b - a) % _P, (d - c) % _P, (d + c) % _P, (b + a) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _combine(m: int, p: _Point, n: int, q: _Point) -> _Point:
    """m * p + n * q, bit by bit."""
    both = (_ZERO, p, q, _add(p, q))
    total = _ZERO
    for bit in reversed(range(max(m.bit_length(), n.bit_length()))):
        total = _add(_add(total, total), both[(m >> bit & 1) | (n >> bit & 1) << 1])
    return total


def _is_small(p: _Point) -> bool:
    for _ in range(3):
        p = _add(p, p)
    return p[0] == 0 and p[1] == p[2]


def _decode(data: bytes) -> _Point | None:
    """The point that 32 bytes encode; None if there is none or this is not its encoding."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if v * x * x % _P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encode(p: _Point) -> bytes:
    inverse = pow(p[2], -1, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> _Point:
    point = _decode((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    if point is None:
        raise ArithmeticError("the base point is on the curve")
    return point


_BASE = _base()
