"""The light half of every problem: parameters, facts and entry; nothing here imports numpy."""
