"""What the tests of the torch solvers share."""

import pytest
import torch

from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def problem():
    return double_well.build(DoubleWellParameters(), seed=1)
