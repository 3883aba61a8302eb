"""The ledger: takes what waits, grows each site's log, and has the heads signed.

signer      the keys, and the memory of what was signed; outside the database
rows        a log as it is stored
tree        reading a stored log, proving from it, letting it grow
integrate   the tick
doubt       whether the database is the one that was signed last
running     ticking in a process, or watching
word        what who ticks says to who watches
reading     records with their place in the log
witnessing  who outside remembers the deployment log, and has cosigned it
protection  how far the log can be believed, in words
proofs      what a holder or an auditor is given of one entry
challenge   a checkpoint from outside against our log
erasure     what a record said is wiped, and the log says so
purging     records past their time are taken away, and counted
visits      what test visits found, as it was told here
recovery    the way out after a roll-back
fsck        everything again from the leaves, and what does not agree
"""

from .challenge import challenge
from .erasure import erase, places_of, replay
from .integrate import Ledger, Outcome
from .proofs import entry_proof, head_of, located, receipt, tile
from .protection import Guard, protection
from .reading import described, described_at, one, page_of, row_of
from .recovery import recover
from .running import run, watch
from .signer import Refused, Signer
from .visits import Visits, tell, told
from .witnessing import Witnessing

__all__ = [
    "Guard",
    "Ledger",
    "Outcome",
    "Refused",
    "Signer",
    "Visits",
    "Witnessing",
    "challenge",
    "described",
    "described_at",
    "entry_proof",
    "erase",
    "head_of",
    "located",
    "one",
    "page_of",
    "places_of",
    "protection",
    "receipt",
    "recover",
    "replay",
    "row_of",
    "run",
    "tell",
    "tile",
    "told",
    "watch",
]
