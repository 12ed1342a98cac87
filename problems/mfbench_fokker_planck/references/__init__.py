"""Laws without a closed form: grids that solve for them, and what is stored of these."""
