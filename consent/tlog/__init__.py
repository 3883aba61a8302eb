"""A transparency log as arithmetic: bytes go in, bytes or a refusal come out.

Entries become leaves, leaves a Merkle tree (`merkle`), and the tree is stored and served in tiles
of 256 hashes (`tiles`). A `checkpoint` names one state of the tree; a `note` carries it together
with the signatures of the log and of its witnesses. A `proof` is one entry's place under a
checkpoint, and a `policy` says which witnesses suffice. `ed25519` checks a signature where no
library is installed; `spelling` is how bytes and numbers look in all of those lines.

Nothing here reads a file, a clock, a key or a database. Every format is one that others also read
(RFC 6962, RFC 8032, c2sp.org); whatever is not exactly that format is refused with Wrong.
"""

from consent.tlog.merkle import Wrong

__all__ = ["Wrong"]
