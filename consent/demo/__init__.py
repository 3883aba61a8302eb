"""The demo: four sites to visit, places to visit them from, and stand-ins for their trackers."""

from .customers import seed
from .pages import demo, front
from .pretend import Pretend

__all__ = ["Pretend", "demo", "front", "seed"]
