"""Tables for a terminal and for papers. Every function returns text and prints nothing.

`tables.render` turns a ranking into a text in one of `FORMATS`; `catalogue` shows what there
is to run, `plan` what is about to be run. Import what is needed where it is needed: rich and
tabulate cost time that `mfbench --help` must not spend.
"""

FORMATS = ("rich", "markdown", "latex", "csv", "json")
