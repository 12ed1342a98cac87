"""The tasks: families of problems with one question and one kind of answer."""
