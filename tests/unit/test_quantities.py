"""Quantities in Kubernetes notation are read exactly, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.domain.quantities import cpu_millis, human_bytes, human_cpus, memory_bytes
from submarine_ext.errors import Invalid


@pytest.mark.parametrize(
    ("text", "millis"), [("500m", 500), (2, 2000), (1.5, 1500), ("0.1", 100), ("1e1", 10000)]
)
def test_cpus_are_read_as_thousandths(text, millis):
    assert cpu_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "number"),
    [("2Gi", 2 * 1024**3), ("512Mi", 512 * 1024**2), ("1G", 10**9), ("1.5Ki", 1536), (1000, 1000)],
)
def test_memory_is_read_as_bytes(text, number):
    assert memory_bytes(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "Gi", "-1Gi", "2 GB", "2gb", "1Qi", "NaN", "\u0661Gi", "1e99", "9" * 40, True, "1\n2"],
)
def test_what_is_no_quantity_is_refused_with_the_fields_name(text):
    with pytest.raises(Invalid) as caught:
        memory_bytes(text, "resources.memory")
    assert caught.value.field == "resources.memory"


@pytest.mark.parametrize("text", [0, "0", "0.1m", "1.2345"])
def test_cpus_finer_than_a_thousandth_are_refused(text):
    with pytest.raises(Invalid):
        cpu_millis(text)


@given(st.integers(min_value=1, max_value=10**9))
def test_mebibytes_are_a_thousand_and_twentyfour_kibibytes(number):
    assert memory_bytes(f"{number}Mi") == memory_bytes(f"{number * 1024}Ki")


def test_sizes_are_told_to_people_with_units():
    assert [human_bytes(n) for n in (3, 1536, 2 * 1024**3)] == ["3 bytes", "1.5 KiB", "2 GiB"]
    assert [human_cpus(n) for n in (500, 1000, 2000)] == ["0.5 CPUs", "1 CPU", "2 CPUs"]
