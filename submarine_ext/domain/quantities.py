"""Quantities in Kubernetes notation: ``500m`` CPUs, ``2Gi`` of memory.

Source: the Kubernetes API's ``resource.Quantity`` (apimachinery/pkg/api/resource).
Only what a person writes for CPU and memory is accepted; exponents ("1e3") are, too.
"""

from __future__ import annotations

import re
from decimal import Decimal

from submarine_ext.errors import Invalid

Quantity = int | float | str

_BINARY = {s: Decimal(1024) ** (i + 1) for i, s in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_DECIMAL = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{s: Decimal(1000) ** (i + 1) for i, s in enumerate(("k", "M", "G", "T", "P", "E"))},
}
#: As in Kubernetes: a quantity fits a signed 64-bit integer.
_LARGEST = 2**63 - 1
_FACTORS = {**_BINARY, **_DECIMAL}
_PATTERN = re.compile(
    r"([0-9]{1,18}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})(?:([eE][+-]?[0-9]{1,2})|([A-Za-z]{0,2}))"
)


def _parse(value: Quantity, field: str, example: str) -> Decimal:
    if isinstance(value, bool):
        raise Invalid(f"{field} must be a quantity such as {example}, not {value}.", field=field)
    text = str(value).strip()
    match = _PATTERN.fullmatch(text)
    factor = _FACTORS.get(match[3] or "") if match else None
    if match is None or factor is None:
        raise Invalid(
            f"{field}: {text[:40]!r} is not a quantity. Write it in Kubernetes notation, "
            f"such as {example}.",
            field=field,
        )
    number = Decimal(match[1] + (match[2] or "")) * factor
    if number > _LARGEST:
        raise Invalid(f"{field}: {text[:40]} is more than there can be.", field=field)
    return number


def cpu_millis(value: Quantity, field: str = "resources.cpu") -> int:
    """CPUs as thousandths: ``"500m"`` → 500, ``2`` → 2000. At least one thousandth."""
    millis = _parse(value, field, '"500m" or 2') * 1000
    if millis < 1 or millis != millis.to_integral_value():
        raise Invalid(f"{field} must be at least 1m and no finer than 1m.", field=field)
    return int(millis)


def memory_bytes(value: Quantity, field: str = "resources.memory") -> int:
    """Memory in bytes: ``"2Gi"`` → 2147483648. Fractions of a byte round up."""
    number = _parse(value, field, '"512Mi" or "2Gi"')
    if number < 1:
        raise Invalid(f"{field} must be at least one byte (is a suffix missing?).", field=field)
    return int(number.to_integral_value(rounding="ROUND_CEILING"))


def amount(value: Quantity, field: str = "quantity") -> Decimal:
    """The number that a quantity stands for, nothing included: ``"1500m"`` → 1.5."""
    return _parse(value, field, '"500m" or "2Gi"')


def human_bytes(number: int) -> str:
    """1.5 GiB, 512 MiB, 3 bytes: for sentences shown to people."""
    for unit, power in (("TiB", 4), ("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if number >= 1024**power:
            return f"{number / 1024**power:.1f}".removesuffix(".0") + f" {unit}"
    return f"{number} bytes"


def human_cpus(millis: int) -> str:
    """2 → "2 CPUs", 500 → "0.5 CPUs": for sentences shown to people."""
    number = f"{millis / 1000:g}"
    return f"{number} CPU" if number == "1" else f"{number} CPUs"
