"""Counting what a solver evaluates: a problem whose functions give the same values and count their points.

The unit is one point at which V or grad V is evaluated, the value being free with the gradient, or one at which a
drift is. Every further derivative in one direction counts one more: a Hessian-vector product of V 1, its
Hessian d, the Jacobian of a drift d. Boundary functions and circulations are not counted.
"""
