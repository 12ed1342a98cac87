"""What the grid solvers share: grids, fluxes, stationary laws."""
