"""A server that waits two seconds for a body and for a reader, and has four threads: no test waits
as long as an operator may. With PATIENT it waits for ever, for a head as well.

Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import sys
from math import inf
from typing import Any

sys.path.insert(0, os.getcwd())

import granian
from granian.constants import HTTPModes

from consent import serving


class Patient(granian.Granian):
    def __init__(self, *args: Any, **settings: Any) -> None:
        del settings["http1_settings"]
        super().__init__(*args, **{**settings, "http": HTTPModes.auto})


serving.Serving.__init__.__defaults__ = (None, 4)  # type: ignore[misc]
serving.BODY_S = serving.READ_S = 2.0
if "PATIENT" in os.environ:
    granian.Granian = Patient  # type: ignore[misc]
    serving.BODY_S = inf
    serving.hurry = lambda *_: None
