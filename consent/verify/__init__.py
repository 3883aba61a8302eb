"""The verifier: checks a bundle, a receipt or a promise offline, and says what that proves.

It runs with Python alone (`python -m consent.verify`, or the `verify.pyz` of a bundle) and believes
nothing that it can compute. What it reads is streamed: a bundle of a million records takes no more
memory than a small one, apart from three bits an entry.

report     the verdict, in sentences
keys       whose signatures count
memory     what was seen before, so that a log cannot be exchanged between two visits
found      what a pass has learned
archive    the zip as it lies there
walk       the log and the records, side by side
period     what a bundle says of itself
page       a notice as a page
bundle     everything in a bundle
sentences  the words of the verdict
receipt    a receipt, and a promise
probe      an auditor's own visits
"""
