/** Amounts in Kubernetes notation as numbers. Pure. */
import type { Quantity } from '../api/types';

const FACTORS: { [suffix: string]: number } = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50
};

/** The number that is meant; null where there is none or it can't be read. */
export function amount(quantity: Quantity | null | undefined): number | null {
  if (typeof quantity === 'number') {
    return quantity;
  }
  const [, digits, suffix] =
    /^([0-9.]+(?:[eE][+-]?[0-9]{1,2})?)([A-Za-z]*)$/.exec(quantity ?? '') ?? [];
  const factor = suffix === '' ? 1 : FACTORS[suffix ?? '?'];
  const value = Number(digits) * (factor ?? NaN);
  return Number.isFinite(value) ? value : null;
}
