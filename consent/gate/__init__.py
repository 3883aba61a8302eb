"""The gate: holds published trackers on the server, before a page leaves it.

It lives in the owner's own process, so it imports nothing of ours and nothing that Python does not
bring (brotli, where it is installed, for answers an application has packed with it). `wsgi.Gate`
and `asgi.Gate` wrap an application; `python -m consent.gate` is a proxy for everything else.
"""
