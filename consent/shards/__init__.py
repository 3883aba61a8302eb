"""Sites spread over several databases of PostgreSQL, and moved between them under load.

tables    what goes with a site, what is shared by value, what stays
fence     in the database: who may write of a site where; numbers that never collide
copying   rows from one database to another
marks     what is noted of a site on its way
moving    the steps of a move, each of which may be the last before a crash
front     which database a request is for

What serves needs `front` alone; commands import the others by their names.
"""

from .front import Directory, Front

__all__ = ["Directory", "Front"]
