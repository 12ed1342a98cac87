"""What the committor problems share: the law of the coordinates that matter, and points drawn from it."""
