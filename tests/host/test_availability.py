"""What can be run here, and what mends it, without importing any framework."""

from __future__ import annotations

import importlib.metadata
from types import SimpleNamespace

import pytest

from mfbench import Facts, ProblemEntry, SolverEntry, accelerators, availability
from mfbench.registry import Origin, Registry

REQUIRES = [
    "numpy>=1.26",
    "jax>=0.5 ; extra == 'jax'",
    'equinox ; extra == "jax"',
    "torch[cuda] (>=2.4) ; python_version > '3' and extra == 'torch'",
    "my-plugin[jax,torch] ; extra == 'all'",
    "My-Plugin[all] ; extra == 'everything'",
]

METADATA = {"my-plugin": REQUIRES, "bare": None}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Metadata of a distribution `my-plugin`; numpy and jax are installed."""
    installed = {"numpy": "2.0", "jax": "0.5"}

    def version(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: METADATA[name])
    monkeypatch.setattr(importlib.metadata, "version", version)
    remembered = (
        availability.extra_requirements,
        availability.installed_version,
        accelerators.without_cuda,
    )
    for cached in remembered:
        cached.cache_clear()
    yield installed
    for cached in remembered:
        cached.cache_clear()


def solver(**more):
    return SolverEntry(**{"name": "s", "task": "committor", "summary": "", "source": "", "run": "m:f"} | more)


PROBLEM = ProblemEntry(
    name="committor/p", summary="", formula="", source="", build="m:b", judge="m:j",
    facts=lambda parameters: Facts(task="committor", dim=2),
)  # fmt: skip
ANNOUNCED = Origin("s", "s.py", "my-plugin")


def why_not(entry, device="cpu"):
    registry = Registry(solvers={("committor", "s"): entry}, origins={("committor", "s"): ANNOUNCED})
    return availability.why_not(registry, PROBLEM, {}, entry, device)


@pytest.mark.parametrize(
    ("extra", "names"),
    [("jax", ("jax", "equinox")), ("torch", ("torch",)), ("all", ("jax", "equinox", "torch")),
     ("everything", ("jax", "equinox", "torch")), ("none", ())],
)  # fmt: skip
def test_extras_are_followed_through_the_metadata(extra, names):
    assert availability.extra_requirements("my-plugin", extra) == names


def test_a_distribution_without_requirements():
    assert availability.extra_requirements("bare", "jax") == ()


def test_what_is_missing_is_said_with_the_command_that_mends_it():
    assert availability.missing(solver(), ANNOUNCED) is None
    reason = availability.missing(solver(extras=("jax", "torch")), ANNOUNCED)
    assert reason == "equinox, torch not installed; run: pip install 'my-plugin[jax,torch]'"


def test_a_plugin_file_names_the_frameworks_themselves():
    origin = Origin("s.py", "s.py", None)
    assert availability.missing(solver(extras=("jax",)), origin) is None
    assert (
        availability.missing(solver(extras=("jax", "torch")), origin)
        == "torch not installed; run: pip install 'torch'"
    )


def test_a_solver_that_can():
    assert why_not(solver()) is None


def test_a_solver_says_itself_why_not():
    assert why_not(solver(supports=lambda facts: f"needs d = 1, not {facts.dim}")) == "needs d = 1, not 2"


def test_its_reason_comes_before_a_missing_framework():
    """Installing it would not help."""
    assert why_not(solver(supports=lambda facts: "never", extras=("torch",))) == "never"


def test_a_solver_that_cannot_even_say_stops_no_other():
    reason = why_not(solver(supports=lambda facts: facts.no_such))
    assert reason == (
        f"cannot say whether it can: AttributeError: 'Facts' object has no attribute 'no_such' ({ANNOUNCED})"
    )


@pytest.mark.parametrize("answer", [True, False, "", 0, ["never"]])
def test_a_solver_that_says_neither_none_nor_a_reason(answer):
    """`supports` is no predicate: True would read as the reason why not."""
    reason = why_not(solver(supports=lambda facts: answer))
    assert reason == (
        f"cannot say whether it can: supports gave {answer!r}; expected None or the reason why not ({ANNOUNCED})"
    )


@pytest.fixture
def devices(tmp_path, monkeypatch):
    """Makes device files."""
    monkeypatch.setattr(availability, "DEVICE_FILES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def make(*names):
        for name in names:
            (tmp_path / name).write_text("")

    return make


def test_without_a_gpu(devices):
    devices("null", "nvidiactl", "nvidia-uvm")
    assert availability.gpus() == ()
    assert availability.devices() == ("cpu",)
    assert why_not(solver(devices=("cpu", "cuda")), "cuda") == "this machine has no cuda device"


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, ("0", "1")),
        ("1", ("1",)),
        ("1, 0", ("1", "0")),
        ("GPU-8f2a", ("GPU-8f2a",)),
        ("", ()),
        ("-1", ()),
    ],
)
def test_gpus_are_those_that_this_process_was_given(devices, monkeypatch, visible, found):
    devices("nvidiactl", "nvidia0", "nvidia1")
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert availability.gpus() == found
    assert availability.devices() == (("cpu", "cuda") if found else ("cpu",))


def test_a_solver_without_that_device(devices):
    devices("nvidia0")
    assert why_not(solver(), "cuda") == "runs on cpu only, not on cuda"
    assert why_not(solver(devices=("cpu", "cuda")), "cuda") is None


BOTH = {"extras": ("jax",), "devices": ("cpu", "cuda")}


@pytest.mark.parametrize(
    ("distributions", "device", "refusal"),
    [
        (["jax", "jax-cuda13-plugin"], "cuda", None),
        (["jax", "jax_cuda12_plugin"], "cuda", None),
        (["jax", "jax-cuda13-pjrt"], "cpu", "this jax has no CUDA; run: pip install 'jax[cuda13]'"),
        (["jax"], "cpu", "this jax has no CUDA; run: pip install 'jax[cuda13]'"),
    ],
)
def test_a_jax_without_cuda_stays_on_the_processor(
    devices, fresh, monkeypatch, distributions, device, refusal
):
    """Unasked; asked for, it is refused rather than run there in silence."""
    devices("nvidia0")
    fresh["equinox"] = "0.12"
    found = [SimpleNamespace(metadata={"Name": name}) for name in distributions]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: found)
    assert availability.best_device(solver(**BOTH), ANNOUNCED) == device
    reason = why_not(solver(**BOTH), "cuda")
    assert reason is None if refusal is None else reason.startswith(refusal)
    assert why_not(solver(**BOTH)) is None


@pytest.mark.parametrize(
    ("version", "requires", "device"),
    [
        ("2.11.0+cu130", [], "cuda"),
        ("2.13.0+cpu", ["sympy"], "cpu"),
        ("2.13.0", ["sympy", "nvidia-cudnn-cu13==9 ; platform_system == 'Linux'"], "cuda"),
        ("2.13.0", ["sympy"], "cpu"),
        ("2.13.0+rocm6", ["nvidia-cublas"], "cpu"),
    ],
)
def test_a_torch_without_cuda_stays_on_the_processor(devices, fresh, monkeypatch, version, requires, device):
    devices("nvidia0")
    fresh["torch"] = version
    monkeypatch.setitem(METADATA, "torch", requires)
    entry = solver(extras=("torch",), devices=("cpu", "cuda"))
    assert availability.best_device(entry, ANNOUNCED) == device
    assert (why_not(entry, "cuda") is None) == (device == "cuda")


def test_the_best_device_is_one_that_both_have(devices):
    both, cpu = solver(devices=("cpu", "cuda")), solver()
    assert [availability.best_device(entry, ANNOUNCED) for entry in (both, cpu)] == ["cpu", "cpu"]
    devices("nvidia0")
    assert [availability.best_device(entry, ANNOUNCED) for entry in (both, cpu)] == ["cuda", "cpu"]
