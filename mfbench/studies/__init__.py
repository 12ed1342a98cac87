"""Studies: from a declared design to trials, and from their records to exponents, intervals and verdicts.

`design` makes the plan, `measuring` takes a number from every record, `analysis` gathers them by value and fits,
`verdicts` holds a fit against theory, `findings` is what comes out.
"""
