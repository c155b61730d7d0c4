"""Amounts as Kubernetes writes them ("500m", "1Gi", "4"): parsed, added, and written again.

Why it exists: quota and limit texts quote amounts in the form the API server keeps them in,
which is not always the form they were sent in ("0.5" is "500m", "1024Mi" is "1Gi").
Must not know: what the amounts are of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_SHAPE = re.compile(r"([+-]?\d*\.?\d*)(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?)|[eE]([+-]?\d+))$")


@dataclass(frozen=True)
class Quantity:
    """An exact amount, and whether it is written in powers of 1024 (``binary``) or of 1000."""

    value: Fraction = Fraction(0)
    binary: bool = False

    @classmethod
    def of(cls, text: object) -> Quantity:
        """Read ``text``; raises ValueError for what is no amount."""
        match = _SHAPE.match(str(text))
        if match is None or not any(digit.isdigit() for digit in match[1]):
            raise ValueError(
                "quantities must match the regular expression "
                "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            )
        number, suffix, exponent = Fraction(match[1]), match[2] or "", match[3]
        if suffix in _BINARY:
            return cls(number * 1024 ** _BINARY[suffix], binary=True)
        return cls(number * Fraction(10) ** (int(exponent) if exponent else 3 * _DECIMAL[suffix]))

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.value + other.value, (self if self.value else other).binary)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.value - other.value, (self if self.value else other).binary)

    def __lt__(self, other: Quantity) -> bool:
        return self.value < other.value

    def __str__(self) -> str:
        """Write it in the API server's canonical form: the largest unit that divides it."""
        if self.binary and abs(self.value) >= 1024:
            return _written(Fraction(-(-self.value // 1)), 1024, _BINARY)
        return _written(self.value, 1000, _DECIMAL)


def _written(value: Fraction, base: int, units: dict[str, int]) -> str:
    if not value:
        return "0"
    for unit, power in sorted(units.items(), key=lambda item: -item[1]):
        count = value / Fraction(base) ** power
        if count.denominator == 1:
            return f"{count.numerator}{unit}"
    return str(-(-value // 1)) if base == 1024 else f"{-(-value * 10**9 // 1)}n"


Amounts = dict[str, Quantity]


def amounts(of: dict[str, object] | None) -> Amounts:
    """Read a ResourceList."""
    return {name: Quantity.of(text) for name, text in (of or {}).items()}


def written(of: Amounts) -> dict[str, str]:
    """Write a ResourceList."""
    return {name: str(quantity) for name, quantity in sorted(of.items())}


def total(*several: Amounts) -> Amounts:
    """Add them up, name by name."""
    result: Amounts = {}
    for one in several:
        for name, quantity in one.items():
            result[name] = result.get(name, Quantity()) + quantity
    return result


def greatest(*several: Amounts) -> Amounts:
    """Take the greatest of each name."""
    result: Amounts = {}
    for one in several:
        for name, quantity in one.items():
            if name not in result or result[name] < quantity:
                result[name] = quantity
    return result
